/**
 * Rounds of the coherence torture until the minutes are over, each with the next seed.
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
let rounds = 0
do {
  const seed = first + rounds++
  try {
    const report = await runTorture({ seed, faultsMs: 30_000 })
    if (!passed(report)) failed++
    console.log(`${describeReport(report)}\n`)
  } catch (error) {
    failed++
    console.log(error)
  }
} while (performance.now() < until)
console.log(`${rounds} rounds, ${failed} failed`)
// A socket that the proxy reset while it was being shut down keeps its handle for ever on Node 20.
process.exit(failed === 0 ? 0 : 1)
