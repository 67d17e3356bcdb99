#!/usr/bin/env bash
# cacheable: wrap() hands one user the cached answer of another user.
#
# Packages: cacheable@2.5.0 with @cacheable/utils@2.5.0, @cacheable/memory@2.2.0, hashery@1.5.1. Tried on Node 20.20.2.
# Expected: the README offers wrap() as memoization of a function; its own examples vary the argument (`wrappedFunction(2)`) and expect an
#   answer for each. Two ids are two arguments, so each has its own answer.
# Happens: the cache key is no more than a 32-bit hash of the arguments, by default djb2. Djb2 adds each character to 33 times what was
#   before, so short ids differ by little and meet often. What meets shares one entry; nothing compares the arguments themselves.
#   (The README names djb2 as the default of hashSync(), and does not say that wrap() has nothing else.)
# Seen: of 100,000 ids `u0`, `u1` … `u255r` (a counter in base 36), 39,601 are answered with the value of another id; the first is `u30`,
#   which is told the answer of `u1r`. `user-20` is told that of `user-1Q`. (200,000 decimal counters did not meet; random UUIDs did, once.)
# For a user: never wrap a decision per user, tenant or account with the default key. Give `createKey`, and put the id itself into it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent cacheable@2.5.0 @cacheable/utils@2.5.0 @cacheable/memory@2.2.0 hashery@1.5.1
cat > run.mjs <<'EOF'
import { Cacheable, CacheableMemory } from 'cacheable'

const ids = Array.from({ length: 100_000 }, (_, i) => `u${i.toString(36)}`)

function count(options) {
  const answerFor = new CacheableMemory().wrap((id) => `answer for ${id}`, { ttl: '1h', ...options })
  const wrong = ids.filter((id) => answerFor(id) !== `answer for ${id}`)
  return { wrong: wrong.length, first: wrong[0], got: wrong[0] && answerFor(wrong[0]) }
}

const byDefault = count({ keyPrefix: 'plan' })
const ownKey = count({ createKey: (_, [id]) => `plan:${id}` })
console.log(`default key: ${byDefault.wrong} of ${ids.length} wrong; ${byDefault.first} is told "${byDefault.got}"`)
console.log(`createKey with the id: ${ownKey.wrong} wrong`)

const plan = new Cacheable().wrap(async (id) => `answer for ${id}`, { keyPrefix: 'plan', ttl: '1h' })
const pair = [await plan('user-1Q'), await plan('user-20')]
console.log(`asynchronous: user-1Q -> "${pair[0]}", user-20 -> "${pair[1]}"`)

if (byDefault.wrong !== 39_601 || ownKey.wrong !== 0 || pair[1] !== 'answer for user-1Q') {
  console.error('CHANGED: wrap() no longer mixes these arguments as it did in cacheable 2.5.0.')
  process.exit(1)
}
EOF
node run.mjs
