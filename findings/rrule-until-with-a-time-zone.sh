#!/usr/bin/env bash
# rrule: with TZID, UNTIL is compared with the local clock as if it were UTC: the last occurrence is lost, or there is one too many.
#
# Package: rrule@2.8.1. Tried on Node 20.20.2 (TZ=UTC; TZ=Europe/Berlin gives the same number of occurrences).
# Expected: RFC 5545, 3.3.10: where DTSTART has a time zone, UNTIL must be given in UTC, and bounds the recurrence inclusively. The README
#   points to that RFC, and describes `until` as the moment that is the last possible occurrence.
# Happens: occurrences are made as "local time written as UTC" and are put into UTC only at the end; UNTIL is compared before that.
# Seen: every day at 09:00 in Berlin (07:00Z) until 3 June, 07:00Z, ends on 2 June. In New York (13:00Z) until 3 June, 10:00Z, it still
#   happens on 3 June at 13:00Z, three hours after the end. COUNT=3 and rules in UTC are right.
# For a user: a rollout window or a freeze that is written as the RFC wants it ends a day early east of Greenwich, and late west of it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --silent rrule@2.8.1
cat > run.mjs <<'EOF'
import rrule from 'rrule'

const seen = []
function ask(name, start, rule, end) {
  const all = rrule.RRule.fromString(`DTSTART${start}\nRRULE:FREQ=DAILY;${rule}`).all()
  const last = all.at(-1).toISOString()
  console.log(`${name.padEnd(15)} ${rule.padEnd(22)} ${all.length} occurrences, the last at ${last}${end && last > end ? ', after the end' : ''}`)
  seen.push(`${all.length} ${last.slice(5, 16)}`)
}
ask('Berlin, 09:00', ';TZID=Europe/Berlin:20260601T090000', 'UNTIL=20260603T070000Z', '2026-06-03T07:00:00.000Z')
ask('Berlin, 09:00', ';TZID=Europe/Berlin:20260601T090000', 'COUNT=3')
ask('New York, 09:00', ';TZID=America/New_York:20260601T090000', 'UNTIL=20260603T100000Z', '2026-06-03T10:00:00.000Z')
ask('UTC, 07:00', ':20260601T070000Z', 'UNTIL=20260603T070000Z', '2026-06-03T07:00:00.000Z')

if (seen.join() !== '2 06-02T07:00,3 06-03T07:00,3 06-03T13:00,3 06-03T07:00') {
  console.error('CHANGED: UNTIL with a time zone is no longer treated as in rrule 2.8.1.')
  process.exit(1)
}
EOF
TZ=UTC node run.mjs
