#!/usr/bin/env bash
# flagd: `==` between a word and a number is no "false" but an error, which takes the whole flag to the default in the code.
#
# Packages: @openfeature/flagd-core@4.0.1 (which pins json-logic-engine@5.0.7), @openfeature/core@1.12.0, json-logic-js@2.0.5.
#   Tried on Node 20.20.2.
# Expected: flagd's schema describes `==` as loose equality that converts types, and in JsonLogic it is JavaScript's: 1 == 'pro' is
#   false. A rule that does not match leads to the else branch, at worst to the flag's default variant.
# Happens: json-logic-engine 5 raises where one side is a number, a boolean or a list and the other a text that is no number; so do >=, <
#   and so on. flagd-core answers such a user with reason ERROR, and the caller's default is used: neither else branch nor default variant.
# Seen: with `or`, a user whose second condition is fulfilled is lost as well: nothing after the comparison is looked at.
# For a user: `===` does not raise. Keep the type of an attribute the same everywhere: one client that sends `plan: 1` instead of
#   `plan: 'pro'` sees the code's default, and not what the flag's author wrote for "all others".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @openfeature/flagd-core@4.0.1 @openfeature/core@1.12.0 json-logic-js@2.0.5
cat > run.mjs <<'EOF'
import { FlagdCore } from '@openfeature/flagd-core'
import jsonLogic from 'json-logic-js'

const quiet = { error() {}, warn() {}, info() {}, debug() {} }
const seen = []
function ask(name, condition, context) {
  const targeting = { if: [condition, 'pro', 'all others'] }
  const variants = { pro: 'pro', 'all others': 'all others', none: 'none' }
  const flagd = new FlagdCore()
  flagd.setConfigurations(JSON.stringify({ flags: { page: { state: 'ENABLED', variants, defaultVariant: 'none', targeting } } }))
  const { value, reason } = flagd.resolveStringEvaluation('page', "the code's default", context, quiet)
  seen.push(`${value} ${reason}`)
  console.log(`${name.padEnd(28)} flagd: ${value} (${reason}); json-logic-js: ${jsonLogic.apply(targeting, context)}`)
}
const isPro = { '==': [{ var: 'plan' }, 'pro'] }
ask("plan == 'pro', plan 'free'", isPro, { plan: 'free' })
ask("plan == 'pro', plan missing", isPro, {})
ask("plan == 'pro', plan 1", isPro, { plan: 1 })
ask("plan === 'pro', plan 1", { '===': [{ var: 'plan' }, 'pro'] }, { plan: 1 })
ask('age == 18, age unknown', { '==': [{ var: 'age' }, 18] }, { age: 'unknown' })
ask('age >= 18 or plan pro', { or: [{ '>=': [{ var: 'age' }, 18] }, isPro] }, { age: 'unknown', plan: 'pro' })

const error = "the code's default ERROR"
const others = 'all others TARGETING_MATCH'
if (seen.join() !== [others, others, error, others, error, error].join()) {
  console.error('CHANGED: flagd-core no longer answers a comparison of a word with a number as in 4.0.1.')
  process.exit(1)
}
EOF
node run.mjs
