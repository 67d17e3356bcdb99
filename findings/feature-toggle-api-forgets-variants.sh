#!/usr/bin/env bash
# feature-toggle-api: a flag for a variant that is given at the start is never looked at; given later, the same flag works.
#
# Package: feature-toggle-api@5.0.0. Tried on Node 20.20.2.
# Expected: the README: the object for the start may hold a rule for a variant under the name `feature:variant`, and the README's example
#   switches a variant off so. It says that a row of setFlag calls is another way to write the same.
# Happens: the rule stays under its whole name, while isActive(feature, variant) looks it up by feature and variant; it falls back to the feature.
# Seen: { checkout: true, 'checkout:new': false } answers true for the variant 'new' (false with setFlag), and { search: false,
#   'search:beta': true } answers false for 'beta'. Not even isActive('checkout:new') finds it.
# For a user: a variant that was switched off in the configuration is shown to everybody. Load configurations with setFlag(name, variant, value).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent feature-toggle-api@5.0.0
cat > run.mjs <<'EOF'
import { useFeatureToggle } from 'feature-toggle-api'

const start = useFeatureToggle({ checkout: true, 'checkout:new': false, search: false, 'search:beta': true })
const later = useFeatureToggle()
later.setFlag('checkout', true)
later.setFlag('checkout', 'new', false)
later.setFlag('search', false)
later.setFlag('search', 'beta', true)

const seen = []
for (const [feature, variant] of [['checkout'], ['checkout', 'new'], ['checkout', 'old'], ['search', 'beta']]) {
  const answers = [start.isActive(feature, variant), later.isActive(feature, variant)]
  console.log(`${[feature, variant].filter(Boolean).join(':').padEnd(13)} given at the start: ${answers[0]}, with setFlag: ${answers[1]}`)
  seen.push(answers.join('/'))
}
if (seen.join() !== 'true/true,true/false,true/true,false/true') {
  console.error('CHANGED: flags for variants are no longer treated as in feature-toggle-api 5.0.0.')
  process.exit(1)
}
EOF
node run.mjs
