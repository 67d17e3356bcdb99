#!/usr/bin/env bash
# cacheable: wrap() takes every Set, every Map and every object with private fields for the same argument.
#
# Packages: cacheable@2.5.0 with @cacheable/utils@2.5.0, hashery@1.5.1. Tried on Node 20.20.2.
# Expected: the README wraps functions of any argument and names a custom key as an option, not as a need. Arguments that differ are
#   told apart, or refused as a bigint is (that one raises an error).
# Happens: arguments are turned into JSON before they are hashed. JSON of a Set, a Map, a RegExp, a Request and of an object that keeps
#   its state in private fields is `{}`, and JSON of NaN is `null`: the second call is answered from the first.
# Seen: a function of a user's groups, called with {beta} and then with {public}, says "beta" twice. (This is another cause than
#   a weak hash: it happens with any hash function.)
# For a user: pass plain text, numbers, arrays or plain objects to what is wrapped, or give `createKey` or `serialize`. The same holds
#   for each memoizing library that builds its key with JSON.stringify.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent cacheable@2.5.0 @cacheable/utils@2.5.0 hashery@1.5.1
cat > run.mjs <<'EOF'
import { Cacheable } from 'cacheable'

class Context {
  #key
  constructor(key) {
    this.#key = key
  }
  get key() {
    return this.#key
  }
}

const cache = new Cacheable()
const seen = {}
async function ask(name, answer, first, second) {
  const wrapped = cache.wrap(async (argument) => answer(argument), { keyPrefix: name, ttl: '1h' })
  seen[name] = [await wrapped(first), await wrapped(second)]
  console.log(name.padEnd(8), seen[name].join('  |  '))
}
await ask('array', (groups) => groups.join(), ['beta'], ['public'])
await ask('set', (groups) => [...groups].join(), new Set(['beta']), new Set(['public']))
await ask('map', (attributes) => attributes.get('plan'), new Map([['plan', 'pro']]), new Map([['plan', 'free']]))
await ask('private', (context) => context.key, new Context('user-1'), new Context('user-2'))
await ask('regexp', String, /^a/, /^b/)

const same = Object.keys(seen).filter((name) => seen[name][0] === seen[name][1])
if (same.join() !== 'set,map,private,regexp') {
  console.error(`CHANGED: the kinds of argument that are mixed up are now "${same.join()}".`)
  process.exit(1)
}
EOF
node run.mjs
