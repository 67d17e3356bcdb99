#!/usr/bin/env bash
# ioredis: keyPrefix is put before the channels of sharded pub/sub, but not before those of plain pub/sub.
#
# Package: ioredis@5.11.1 (and 6.0.0: the same); redis-server 7 or later, found in PATH, on a socket file. Tried on Node 20.20.2.
# Expected: the README: keyPrefix goes before all the keys of a command. A channel is no key, so neither `publish` nor `spublish` is
#   changed, or else both are.
# Happens: Redis lists the channel of SPUBLISH and SSUBSCRIBE as a key (it decides the slot), and ioredis goes by that list. PUBLISH,
#   SUBSCRIBE and PSUBSCRIBE are left alone. The event names the channel with its prefix (as the README says of keys in replies).
# Seen: with keyPrefix 'app:', publish('news') reaches the channel 'news' and spublish('news') the channel 'app:news'. Who subscribes
#   with ssubscribe('news') and compares the event's channel with 'news' never sees a message of its own.
# For a user: going over from plain to sharded pub/sub renames the channels of every client with a keyPrefix: publishers in another
#   language, or without the prefix, are not heard any more, in silence. Rights of an ACL (&channel) must name the prefixed one.
set -euo pipefail
if ! command -v redis-server > /dev/null || ! redis-server --version | grep -qE 'v=([7-9]|[1-9][0-9])\.'; then
  echo 'skipped: no redis-server 7 or later in PATH'
  exit 0
fi
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent ioredis-5@npm:ioredis@5.11.1 ioredis-6@npm:ioredis@6.0.0
redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' > /dev/null &
pid=$!
for _ in $(seq 100); do [ -S redis.sock ] && break; sleep 0.1; done
cat > run.mjs <<'EOF'
const results = []
for (const version of [5, 6]) {
  const { Redis } = await import(`ioredis-${version}`)
  const clients = [{ keyPrefix: 'app:' }, { keyPrefix: 'app:' }, { keyPrefix: 'app:' }, {}].map((o) => new Redis({ path: './redis.sock', ...o }))
  const [publisher, plain, sharded, other] = clients
  const heard = []
  plain.on('message', (channel, text) => heard.push(`plain ${channel} ${text}`))
  sharded.on('smessage', (channel, text) => heard.push(`sharded ${channel} ${text}`))
  await plain.subscribe('news')
  await sharded.ssubscribe('news')
  await publisher.publish('news', 'prefixed')
  await publisher.spublish('news', 'prefixed')
  await other.publish('news', 'bare')
  await other.spublish('news', 'bare')
  await new Promise((resolve) => setTimeout(resolve, 200))
  for (const client of clients) client.disconnect()
  console.log(`ioredis ${version} heard:`, heard.sort().join(' | '))
  results.push(heard.join())
}
if (results.some((heard) => heard !== 'plain news bare,plain news prefixed,sharded app:news prefixed')) {
  console.error('CHANGED: keyPrefix and the channels of pub/sub no longer go together as in ioredis 5.11.1 and 6.0.0.')
  process.exit(1)
}
EOF
node run.mjs
