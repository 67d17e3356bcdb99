#!/usr/bin/env bash
# semver: two pre-releases that differ in a number of 17 digits are equal.
#
# Package: semver@7.8.6. Tried on Node 20.20.2.
# Expected: Semantic Versioning 2.0.0, 11.4.1: identifiers of digits are compared as numbers, and there is no limit to their length. The
#   library refuses major, minor and patch beyond Number.MAX_SAFE_INTEGER with an error; a pre-release it cannot compare it would refuse, too.
# Happens: longer identifiers are accepted and kept as text, but compared as floating point numbers, in which neighbours are one.
# Seen: nightly builds stamped to the millisecond (20261101123456789, 17 digits): the later of two is neither greater nor less, sort and
#   maxSatisfying keep whichever came first. Ids of 19 digits (as many services give them to builds) are equal over a range of hundreds. And
#   inc() does not count such a number up, it appends `.0`.
# For a user: "newer than build N" does not hold for build N+1. Keep build numbers below 16 digits, or split them (20261101.123456789).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent semver@7.8.6
cat > run.mjs <<'EOF'
import semver from 'semver'

const seen = []
const tell = (what, value) => {
  console.log(`${what}: ${value}`)
  seen.push(value)
}
const [earlier, later] = ['1.0.0-nightly.20261101123456788', '1.0.0-nightly.20261101123456789']
tell('compare(later, earlier)', semver.compare(later, earlier))
tell('later satisfies >earlier', semver.satisfies(later, `>${earlier}`))
tell('newest of [earlier, later]', semver.maxSatisfying([earlier, later], '>=1.0.0-nightly.0'))
tell('eq of 19 digits, 100 apart', semver.eq('1.0.0-ci.1450000000000000000', '1.0.0-ci.1450000000000000100'))
tell('inc(later)', semver.inc(later, 'prerelease'))
tell('split in two', semver.compare('1.0.0-nightly.20261101.123456789', '1.0.0-nightly.20261101.123456788'))
tell('major of 17 digits', semver.valid('20261101123456789.0.0'))

if (seen.join() !== `0,false,${earlier},true,${later}.0,1,`) {
  console.error('CHANGED: long pre-release numbers are no longer compared as in semver 7.8.6.')
  process.exit(1)
}
EOF
node run.mjs
