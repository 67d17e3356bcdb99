#!/usr/bin/env bash
# flagd: a text with `$$` in a shared evaluator loses a dollar sign, and one with `$&` makes the whole configuration unreadable.
#
# Packages: @openfeature/flagd-core@4.0.1, @openfeature/core@1.12.0. Tried on Node 20.20.2.
# Expected: flagd's documentation of `$evaluators`: a rule that several flags need is written once, and each of them refers to it
#   with `$ref`. So a rule means the same in its place and behind a reference.
# Happens: references are resolved in the text of the configuration, with String.replace, and the evaluator's text is given as the
#   replacement pattern. There `$$` stands for one `$`, and `$&` for what was found.
# Seen: the price tiers '$$' and '$$$' of a rule become '$' and '$$' behind a reference: the cheapest tier is let in and the dearest shut
#   out, without a message. With 'R$&D' in it, no flag of the file is loaded. ('$1' and '$ ' are harmless.)
# For a user: write such rules out in the flag. An importer that resolves `$ref` properly answers otherwise than flagd did in production.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @openfeature/flagd-core@4.0.1 @openfeature/core@1.12.0
cat > run.mjs <<'EOF'
import { FlagdCore } from '@openfeature/flagd-core'

const quiet = { error() {}, warn() {}, info() {}, debug() {} }
function load(rule) {
  const flag = (condition) => ({
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: { if: [condition, 'on', 'off'] },
  })
  const flagd = new FlagdCore()
  flagd.setConfigurations(JSON.stringify({ flags: { inPlace: flag(rule), shared: flag({ $ref: 'rule' }) }, $evaluators: { rule } }))
  return flagd
}

const flagd = load({ in: [{ var: 'tier' }, ['$$', '$$$']] })
const seen = ['$', '$$', '$$$'].map((tier) => {
  const [inPlace, shared] = ['inPlace', 'shared'].map((key) => flagd.resolveBooleanEvaluation(key, false, { tier }, quiet).value)
  console.log(`tier ${tier.padEnd(3)}  in place: ${inPlace}, behind $ref: ${shared}`)
  return `${inPlace}/${shared}`
})
let loaded = 'loaded'
try {
  load({ in: [{ var: 'team' }, ['R$&D']] })
} catch (error) {
  loaded = `refused: ${error.message}`
}
console.log(`with 'R$&D': ${loaded}`)

if (seen.join() !== 'false/true,true/true,true/false' || !loaded.startsWith('refused')) {
  console.error('CHANGED: dollar signs in shared evaluators are no longer treated as in flagd-core 4.0.1.')
  process.exit(1)
}
EOF
node run.mjs
