#!/usr/bin/env bash
# Flipt: the same number constraint that the server evaluates in floating point never matches a decimal or a large number in the client.
#
# Package: @flipt-io/flipt-client-js@0.5.1 (its engine is WebAssembly in the package). Tried on Node 20.20.2.
# Expected: the README calls it client-side evaluation of what Flipt's server holds, and names no rule that is evaluated otherwise. The
#   server (matchesNumber in internal/server/evaluation) reads both sides of a number constraint as 64-bit floating point, and takes dates.
# Happens: the client's engine reads 32-bit whole numbers and full timestamps only. All else is "no match", with reason DEFAULT, no error.
# Seen: 2.5 > 1, 9.99 < 10, 2 >= 2.0 and 3000000000 > 1 are all false; so is a date after '2026-01-01'.
# For a user: a constraint on a price, a score, an id beyond 2,147,483,647 or a time in milliseconds is dead in the client, and alive on the
#   server. Compare whole numbers, and write dates as full timestamps.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @flipt-io/flipt-client-js@0.5.1
cat > run.mjs <<'EOF'
import { FliptClient } from '@flipt-io/flipt-client-js/node'

const times = { createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' }
function snapshot(type, operator, value) {
  const constraint = { id: 'c', type: `${type}_CONSTRAINT_COMPARISON_TYPE`, property: 'a', operator, value }
  const segment = { key: 's', name: 's', description: '', matchType: 'ALL_SEGMENT_MATCH_TYPE', constraints: [constraint], ...times }
  const rollout = { type: 'SEGMENT_ROLLOUT_TYPE', rank: 1, segment: { value: true, segmentOperator: 'OR_SEGMENT_OPERATOR', segments: [segment] } }
  const flag = { key: 'f', name: 'f', description: '', enabled: false, type: 'BOOLEAN_FLAG_TYPE', rules: [], rollouts: [rollout], ...times }
  return { namespace: { key: 'default' }, flags: [flag], digest: 'd' }
}
const seen = []
async function ask(type, a, operator, value) {
  const fetcher = async () => new Response(JSON.stringify(snapshot(type, operator, value)))
  const client = await FliptClient.init({ namespace: 'default', updateInterval: 0, fetcher })
  const { enabled } = client.evaluateBoolean({ flagKey: 'f', entityId: 'u', context: { a } })
  client.close()
  seen.push(enabled)
  console.log(`${a} ${operator} ${value}: ${enabled}`)
}
await ask('NUMBER', '2', 'gt', '1')
await ask('NUMBER', '2.5', 'gt', '1')
await ask('NUMBER', '9.99', 'lt', '10')
await ask('NUMBER', '2', 'gte', '2.0')
await ask('NUMBER', '2147483647', 'gt', '1')
await ask('NUMBER', '3000000000', 'gt', '1')
await ask('DATETIME', '2026-06-01T00:00:00Z', 'gt', '2026-01-01T00:00:00Z')
await ask('DATETIME', '2026-06-01T00:00:00Z', 'gt', '2026-01-01')

if (seen.join() !== 'true,false,false,false,true,false,true,false') {
  console.error('CHANGED: the client no longer reads numbers and dates as in 0.5.1.')
  process.exit(1)
}
EOF
node run.mjs 2> >(grep -v deprecated >&2)
