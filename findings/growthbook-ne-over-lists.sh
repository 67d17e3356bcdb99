#!/usr/bin/env bash
# GrowthBook: { groups: { $ne: 'blocked' } } is true for a user whose groups contain 'blocked', and { groups: 'beta' } false for a member.
#
# Package: @growthbook/growthbook@1.8.0. Tried on Node 20.20.2.
# Expected: the README says of targeting conditions that their syntax is based on MongoDB's query syntax. There a condition on a field
#   that holds a list is about its items: { groups: 'beta' } finds lists with 'beta', { groups: { $ne: 'blocked' } } those without 'blocked'.
# Happens: $in and $nin do look into the list; plain equality, $eq and $ne compare the list itself, which never equals a text. $regex is
#   run over the list's JavaScript text, 'beta,blocked', so '^blocked' depends on the order of the items.
# Seen: for ['beta', 'blocked']: equality false, $ne true, $in true, $nin false, $regex '^blocked' false. And $exists is false for null.
# For a user: exclude members with $nin, never with $ne: the latter lets in exactly those who were meant to be kept out. The same for
#   whoever translates GrowthBook's conditions: the operators of one family see different things.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @growthbook/growthbook@1.8.0
cat > run.mjs <<'EOF'
import { GrowthBook } from '@growthbook/growthbook'

const attributes = { id: 'u', groups: ['beta', 'blocked'], company: null }
const expected = [
  // [condition, seen, in MongoDB]
  [{ groups: 'beta' }, false, true],
  [{ groups: { $eq: 'beta' } }, false, true],
  [{ groups: { $in: ['beta'] } }, true, true],
  [{ groups: { $ne: 'blocked' } }, true, false],
  [{ groups: { $nin: ['blocked'] } }, false, false],
  [{ groups: { $regex: '^blocked' } }, false, true],
  [{ company: { $exists: true } }, false, true],
]
let changed = false
for (const [condition, seen, inMongo] of expected) {
  const growthbook = new GrowthBook({ attributes, features: { f: { defaultValue: false, rules: [{ condition, force: true }] } } })
  const on = growthbook.isOn('f')
  console.log(`${JSON.stringify(condition).padEnd(36)} ${on}${on === inMongo ? '' : `  (in MongoDB: ${inMongo})`}`)
  changed ||= on !== seen
}
if (changed) {
  console.error('CHANGED: conditions over lists are no longer answered as in @growthbook/growthbook 1.8.0.')
  process.exit(1)
}
EOF
node run.mjs
