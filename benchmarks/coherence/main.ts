/**
 * Measures how soon a change is answered, and what it costs: `pnpm figures`. Everything runs on a private PostgreSQL and Redis, in separate
 * processes, and each figure is compared with a bare message or command of the same run. Only a wrong answer fails a run, not a slow one.
 */
import { availableParallelism } from 'node:os'
import { type BenchmarkServices, startBenchmarkServices } from './benchmark-services.ts'
import { measureInvalidations } from './measure-invalidations.ts'
import { measureOutages } from './measure-outages.ts'
import { measureReads } from './measure-reads.ts'
import { measureStarts } from './measure-starts.ts'
import { measureUpdates } from './measure-updates.ts'
import { type Result, resultsTable } from './results-table.ts'

/** The run is stopped after this time. */
const LIMIT_MS = 10 * 60_000
const FIGURES: readonly (readonly [string, (services: BenchmarkServices) => Promise<readonly Result[]>])[] = [
  ['a, b: a change → every process', measureUpdates],
  ['c: invalidation of a flag with many cached users', measureInvalidations],
  ['d: READ', measureReads],
  ['e, f: after an outage, and in silence', measureOutages],
  ['g: a fresh process', measureStarts],
]

const overdue = setTimeout(() => {
  console.error(`The figures are not complete after ${LIMIT_MS / 60_000} minutes.`)
  process.exit(1)
}, LIMIT_MS)
overdue.unref()

const began = performance.now()
const seconds = (from: number): string => `${((performance.now() - from) / 1_000).toFixed(0)} s`
const wanted = process.argv.slice(2)
const results: Result[] = []
const services = await startBenchmarkServices()
try {
  console.log(`${services.postgres.product}, ${services.redis.product}, Node ${process.version}`)
  for (const [title, figure] of FIGURES) {
    if (wanted.length > 0 && !wanted.some((letter) => title.split(':')[0]?.includes(letter))) continue
    const from = performance.now()
    console.log(`\n${title}`)
    results.push(...(await figure(services)))
    console.log(`  (${seconds(from)})`)
  }
} finally {
  await services.end()
}
console.log(`\n${resultsTable(results)}`)
console.log(
  `\n${seconds(began)} in all, on ${availableParallelism()} processors: who is the last of many processes waits for the others' work too.`,
)
// On Node 20, a socket that a proxy resets while it shuts down keeps its handle open.
process.exit()
