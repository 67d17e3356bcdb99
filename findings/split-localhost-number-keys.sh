#!/usr/bin/env bash
# Split: in a localhost YAML file, keys that look like numbers never match, however the user's key is given.
#
# Package: @splitsoftware/splitio@11.11.2 (localhost mode, no network). Tried on Node 20.20.2.
# Expected: the localhost file lists, beside a treatment, the `keys` that it is for. Ids are digits as often as not, YAML needs no quotes
#   for them, and the SDK takes a number as a user's key and turns it into text: so does it, one would think, with the file's.
# Happens: YAML reads digits as a number. The file's numbers are kept as numbers and are looked for among texts: no user has one.
# Seen: `keys: [1001, 1002]` matches neither '1001' nor 1001, `keys: ["1001", "1002"]` both. A feature with such keys only answers "control",
#   and no warning is logged. A treatment of digits comes back as a number where the type says text.
# For a user: a test that runs on the localhost file sees everybody in the default treatment. Quote ids; so must whoever writes such a file.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @splitsoftware/splitio@11.11.2
cat > split.yaml <<'EOF'
- bare:
    treatment: "on"
    keys: [1001, 1002]
- bare:
    treatment: "off"
- quoted:
    treatment: "on"
    keys: ["1001", "1002"]
- quoted:
    treatment: "off"
- only:
    treatment: "on"
    keys: 1001
- percent:
    treatment: 10
EOF
cat > run.mjs <<'EOF'
import { SplitFactory } from '@splitsoftware/splitio'

const warnings = []
const take = (message) => warnings.push(message)
const logger = { debug() {}, info() {}, warn: take, error: take }
const factory = SplitFactory({ core: { authorizationKey: 'localhost' }, features: './split.yaml', debug: 'WARN', logger })
const client = factory.client()
await client.ready()
const seen = []
for (const feature of ['bare', 'quoted', 'only', 'percent']) {
  const answers = ['1001', 1001, 'other'].map((key) => client.getTreatment(key, feature))
  console.log(feature.padEnd(8), `'1001': ${answers[0]}, 1001: ${answers[1]}, 'other': ${answers[2]} (${typeof answers[0]})`)
  seen.push(answers.join('/') + typeof answers[0])
}
// What is told is about the key 1001 that was passed as a number, not about the file.
const told = warnings.filter((message) => /split\.yaml|bare|only/.test(message))
console.log(`warnings about the file: ${told.length}`)
await client.destroy()
if (seen.join() !== 'off/off/offstring,on/on/offstring,control/control/controlstring,10/10/10number' || told.length > 0) {
  console.error('CHANGED: keys of digits are no longer treated as in @splitsoftware/splitio 11.11.2.')
  console.error(warnings.join('\n'))
  process.exit(1)
}
EOF
node run.mjs
