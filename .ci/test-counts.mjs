// Prints `N passed, N failed`: the tests that the last run counted, and one more failure for a step that failed without a failed test.
import { readFileSync } from 'node:fs'

const [report, failedStep] = process.argv.slice(2)
let passed = 0
let failed = 0
try {
  const counts = JSON.parse(readFileSync(report, 'utf8'))
  passed = counts.numPassedTests
  failed = counts.numFailedTests
  const skipped = counts.numPendingTests + counts.numTodoTests
  if (skipped > 0) console.log(`${skipped} tests were skipped`)
} catch {
  console.log('no test was run to its end')
}
if (failedStep && (failedStep !== 'Test' || failed === 0)) failed++
console.log(`${passed} passed, ${failed} failed`)
