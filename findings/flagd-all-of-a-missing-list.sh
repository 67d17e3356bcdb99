#!/usr/bin/env bash
# flagd: `all` over a list that the user does not have is true for flagd-core, and false for the engine that it is built on.
#
# Packages: @openfeature/flagd-core@4.0.1 (which pins json-logic-engine@5.0.7), @openfeature/core@1.12.0, json-logic-js@2.0.5.
#   Tried on Node 20.20.2.
# Expected: JsonLogic's documentation of `all` and `some`, and its reference implementation: over no items both are false. The same engine
#   gives the same answer whether it interprets a rule (`run`) or compiles it (`build`).
# Happens: compiled, `all` over an empty list is false, but over a missing or null one it is TRUE. Interpreted it is false. flagd-core compiles.
# Seen: "only for users whose roles are all 'staff'" is on for everybody who has no `roles` at all.
# For a user: guard it: { "and": [ { "var": "roles" }, { "all": [ … ] } ] }. Whoever moves flags from flagd to another system must know
#   that the missing attribute was "yes" in production and "no" in the reference.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @openfeature/flagd-core@4.0.1 @openfeature/core@1.12.0 json-logic-engine@5.0.7 json-logic-js@2.0.5
cat > run.mjs <<'EOF'
import { FlagdCore } from '@openfeature/flagd-core'
import { LogicEngine } from 'json-logic-engine'
import jsonLogic from 'json-logic-js'

const rule = { all: [{ var: 'roles' }, { '==': [{ var: '' }, 'staff'] }] }
const quiet = { error() {}, warn() {}, info() {}, debug() {} }
const flagd = new FlagdCore()
flagd.setConfigurations(
  JSON.stringify({
    flags: {
      tools: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { if: [rule, 'on', 'off'] } },
    },
  }),
)
const engine = new LogicEngine()
const compiled = engine.build(rule)

const users = [{ roles: ['staff'] }, { roles: ['guest'] }, { roles: [] }, { roles: null }, {}]
const seen = users.map((user) => {
  const answers = [
    flagd.resolveBooleanEvaluation('tools', false, { targetingKey: 'u', ...user }, quiet).value,
    compiled(user),
    engine.run(rule, user),
    jsonLogic.apply(rule, user),
  ]
  console.log(JSON.stringify(user).padEnd(20), `flagd ${answers[0]}, build ${answers[1]}, run ${answers[2]}, json-logic-js ${answers[3]}`)
  return answers.map((answer) => (answer ? 1 : 0)).join('')
})
if (seen.join() !== '1111,0000,0000,1100,1100') {
  console.error('CHANGED: flagd-core and the engines no longer differ over a missing list as they did.')
  process.exit(1)
}
EOF
node run.mjs
