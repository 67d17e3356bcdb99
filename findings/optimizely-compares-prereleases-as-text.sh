#!/usr/bin/env bash
# Optimizely: beta.10 is older than beta.2, and 2.1 older than 2.1.0.
#
# Package: @optimizely/optimizely-sdk@6.6.1. Tried on Node 20.20.2.
# Expected: the operators are called semver_*, and Semantic Versioning 2.0.0, 11.4.1, compares pre-release identifiers of digits as
#   numbers: beta.2 < beta.10. A version compared with the same version with fewer parts (no SemVer, but taken) is equal in either order.
# Happens: pre-release identifiers are compared as text. A condition with fewer parts is a prefix (2.1 as the condition covers 2.1.9), but
#   with fewer parts in the user's version the user is "less".
# Seen: `semver_gt 2.1.0-beta.2` leaves out 2.1.0-beta.10 and takes 2.1.0-beta.9. For the user's 2.1, `semver_ge 2.1.0` is false and
#   `semver_lt 2.1.0` true, while `semver_eq 2.1` holds for 2.1.0 and for 2.1.9.
# For a user: a rollout to "newer than the second beta" loses its users at the tenth. Pad the numbers (beta.02), and send all three parts.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent @optimizely/optimizely-sdk@6.6.1
cat > run.mjs <<'EOF'
import { createInstance, createStaticProjectConfigManager } from '@optimizely/optimizely-sdk'

function datafile(match, value) {
  const variation = { id: 'v', key: 'on', featureEnabled: true, variables: [] }
  const rule = { id: 'r', key: 'r', status: 'Running', layerId: 'l', variations: [variation], trafficAllocation: [{ entityId: 'v', endOfRange: 10000 }] }
  return JSON.stringify({
    ...{ version: '4', projectId: '1', accountId: '1', revision: '1', anonymizeIP: false, botFiltering: false },
    ...{ attributes: [{ id: 'a', key: 'app' }], events: [], groups: [], experiments: [], variables: [] },
    audiences: [{ id: 'aud', name: 'aud', conditions: '["or"]' }],
    typedAudiences: [{ id: 'aud', name: 'aud', conditions: { type: 'custom_attribute', name: 'app', match, value } }],
    rollouts: [{ id: 'ro', experiments: [{ ...rule, audienceIds: ['aud'], audienceConditions: ['or', 'aud'], forcedVariations: {} }] }],
    featureFlags: [{ id: 'f', key: 'f', rolloutId: 'ro', experimentIds: [], variables: [] }],
  })
}
let changed = false
function ask(version, match, value, seen, bySemver) {
  const projectConfigManager = createStaticProjectConfigManager({ datafile: datafile(match, value) })
  const { enabled } = createInstance({ projectConfigManager }).createUserContext('u', { app: version }).decide('f')
  console.log(`${version.padEnd(13)} ${match} ${value.padEnd(12)} ${enabled}${enabled === bySemver ? '' : `  (expected: ${bySemver})`}`)
  changed ||= enabled !== seen
}
ask('2.1.0-beta.9', 'semver_gt', '2.1.0-beta.2', true, true)
ask('2.1.0-beta.10', 'semver_gt', '2.1.0-beta.2', false, true)
ask('2.1.0-beta.10', 'semver_lt', '2.1.0-beta.2', true, false)
ask('2.1.9', 'semver_eq', '2.1', true, false)
ask('2.1.0', 'semver_eq', '2.1', true, true)
ask('2.1', 'semver_eq', '2.1.0', false, true)
ask('2.1', 'semver_ge', '2.1.0', false, true)
ask('2.1', 'semver_lt', '2.1.0', true, false)
if (changed) {
  console.error('CHANGED: versions are no longer compared as in @optimizely/optimizely-sdk 6.6.1.')
  process.exit(1)
}
process.exit(0)
EOF
node run.mjs
