import { expect, test } from 'vitest'
import { describeReport, passed } from './torture-report.ts'
import { runTorture } from './torture-run.ts'

const CAP_MS = 180_000

test(
  'through kills, cuts, black holes, evictions and edits in SQL nobody goes back, and nobody is older than the guarantees allow',
  async () => {
    const report = await runTorture({ seed: Number(process.env['TORTURE_SEED'] ?? 1), faultsMs: 12_000 })
    console.log(describeReport(report))
    expect(passed(report), describeReport(report)).toBe(true)
  },
  CAP_MS,
)
