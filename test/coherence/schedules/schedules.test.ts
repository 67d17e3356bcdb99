import type { FlagCache } from '@flagstone/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CatchUp } from '../../../packages/core/src/history/catch-up.ts'
import { ChangeApplier } from '../../../packages/core/src/history/change-applier.ts'
import { Floors } from '../../../packages/core/src/history/floors.ts'
import { AllFlags } from '../../../packages/core/src/layers/all-flags.ts'
import { MemoryLayer } from '../../../packages/core/src/layers/memory-layer.ts'
import { SingleFlight } from '../../../packages/core/src/layers/single-flight.ts'
import { runSchedule, type ScheduleResult } from './schedule-run.ts'

/** To repeat a failing schedule, set `SEED=7 SCHEDULES=1`; `TRACE=1` prints its events. */
const FIRST = Number(process.env['SEED'] ?? 1)
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 200)
/** A missing guard must be found within this many schedules. */
const ENOUGH = 400

afterEach(() => {
  vi.restoreAllMocks()
})

function report({ seed, violations, trace }: ScheduleResult): string {
  const lines = process.env['TRACE'] === undefined ? [] : trace
  return [`seed ${seed}`, ...violations.slice(0, 3).map((violation) => JSON.stringify(violation)), ...lines].join('\n')
}

/** The first schedule with a violation, starting at this seed. */
async function firstFinding(from: number, connect?: (cache: FlagCache) => FlagCache): Promise<ScheduleResult | undefined> {
  for (let seed = from; seed < from + ENOUGH; seed++) {
    const finding = await runSchedule(seed, connect)
    if (finding.violations.length > 0) return finding
  }
  return undefined
}

function overridden(cache: FlagCache, own: Partial<FlagCache>): FlagCache {
  return new Proxy(cache, {
    get(target, key) {
      const value: unknown = Reflect.get(own, key) ?? Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test(`in ${SCHEDULES} schedules of the real chain nobody goes back, and in the end all know`, { timeout: 600_000 }, async () => {
  let answers = 0
  for (let seed = FIRST; seed < FIRST + SCHEDULES; seed++) {
    const finding = await runSchedule(seed)
    answers += finding.answers
    if (finding.violations.length > 0) expect.fail(report(finding))
  }
  expect(answers).toBeGreaterThan(10 * SCHEDULES)
})

test('a seed repeats its schedule exactly', async () => {
  const [once, again] = [await runSchedule(11), await runSchedule(11)]
  expect(again.trace).toEqual(once.trace)
})

describe('some schedule breaks a law without the guard:', { timeout: 600_000 }, () => {
  // Each starts at a seed shortly before a schedule that is known to find it.
  const guards: readonly (readonly [string, number, () => void])[] = [
    [
      'the floor of a flag',
      1,
      () => {
        vi.spyOn(Floors.prototype, 'of').mockReturnValue(0)
        vi.spyOn(Floors.prototype, 'own').mockReturnValue(0)
      },
    ],
    ['the floor that a change raises', 75, () => vi.spyOn(Floors.prototype, 'raiseByChange').mockReturnValue(true)],
    ['the floor that an answer raises', 1, () => vi.spyOn(Floors.prototype, 'raiseByAnswer').mockReturnValue(undefined)],
    ['the check of an answer when it is delivered', 490, () => vi.spyOn(Floors.prototype, 'own').mockReturnValue(0)],
    ['loads that a change detaches', 140, () => vi.spyOn(SingleFlight.prototype, 'detach').mockReturnValue(undefined)],
    ['memory that gives way to a newer answer', 1, () => vi.spyOn(MemoryLayer.prototype, 'noteAnswer').mockReturnValue(undefined)],
    ['memory that a hint drops, or the log swaps', 1, () => vi.spyOn(ChangeApplier.prototype, 'applyChanges').mockReturnValue(undefined)],
    [
      'a snapshot that catches up with what was answered',
      1,
      () => {
        vi.spyOn(Floors.prototype, 'highest', 'get').mockReturnValue(0)
        vi.spyOn(CatchUp.prototype, 'highestStoreVersion', 'get').mockReturnValue(0)
      },
    ],
    ['a snapshot that the log keeps up to date', 1, () => vi.spyOn(AllFlags.prototype, 'applyChanges').mockReturnValue(undefined)],
    [
      'a revision that stands for the clock which it was asked for',
      1,
      () => {
        vi.spyOn(CatchUp.prototype, 'revisionAt').mockImplementation(function (this: CatchUp) {
          return String(this.clock)
        })
      },
    ],
  ]

  test.each(guards)('%s', async (_, from, remove) => {
    remove()
    expect(await firstFinding(from)).toBeDefined()
  })

  // These caches use the current fence instead of the token that was read. The seeds are chosen in the same way.
  const tokens: readonly (readonly [string, number, (cache: FlagCache) => Partial<FlagCache>])[] = [
    [
      'the token of a fill',
      190,
      (cache) => ({
        async fill(fills) {
          const now = await cache.read(fills.map(({ name }) => ({ name })))
          return await cache.fill(fills.map((fill, index) => ({ ...fill, token: now[index]?.token ?? fill.token })))
        },
      }),
    ],
    [
      'the token of a record that follows its change',
      190,
      (cache) => ({
        async invalidate(name, version, updatedRecord) {
          const [now] = await cache.read([{ name }])
          return await cache.invalidate(name, version, updatedRecord && { ...updatedRecord, token: now?.token ?? updatedRecord.token })
        },
      }),
    ],
  ]

  test.each(tokens)('%s', async (_, from, trusting) => {
    expect(await firstFinding(from, (cache) => overridden(cache, trusting(cache)))).toBeDefined()
  })
})
