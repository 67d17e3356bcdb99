/**
 * Repeats the torture run with the next seed until the minutes are over.
 *
 *     npx -y pnpm@12 torture --minutes 10 --seed 1
 */
import { parseArgs } from 'node:util'
import { describeReport, passed } from './torture-report.ts'
import { runTorture } from './torture-run.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes)
const first = Number(values.seed ?? Date.now() % 1_000_000)
if (!(minutes > 0) || !Number.isSafeInteger(first)) throw new Error('Usage: torture --minutes N --seed S')

const until = performance.now() + minutes * 60_000
let failed = 0
let runs = 0
do {
  const seed = first + runs++
  try {
    const report = await runTorture({ seed, faultsMs: 30_000 })
    if (!passed(report)) failed++
    console.log(`${describeReport(report)}\n`)
  } catch (error) {
    failed++
    console.log(error)
  }
} while (performance.now() < until)
console.log(`${runs} runs, ${failed} failed`)
// On Node 20, a socket that a proxy resets while it shuts down keeps its handle open.
process.exit(failed === 0 ? 0 : 1)
