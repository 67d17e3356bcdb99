import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFlags, type Flags, FlagsError, type FlagUse } from '../../src/index.ts'
import { BackgroundWork } from '../../src/layers/background-work.ts'
import { StoreLayer } from '../../src/layers/store-layer.ts'
import { UseTracker } from '../../src/read/use-tracker.ts'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A process that evaluates the flag again and again, and the uses that it reports to the store. */
class Process {
  readonly reports: (readonly FlagUse[])[] = []
  readonly flags: Flags
  /** What `noteUses` does instead of noting. */
  fault: (() => Promise<void>) | undefined

  constructor(options: { readonly background?: boolean; readonly trackUses?: boolean } = {}) {
    const store = around(fleet.store, {
      noteUses: (next, uses, ...rest) => {
        this.reports.push(uses)
        return this.fault?.() ?? next(uses, ...rest)
      },
    })
    this.flags = fleet.client({ store, ...options })
  }

  async use(forMs: number, name = 'new_feature'): Promise<void> {
    for (let passed = 0; passed < forMs; passed += MINUTE / 2) {
      await this.flags.isEnabled(name, 'ada')
      await fleet.clock.advance(MINUTE / 2)
    }
  }
}

describe('uses are reported to the store', () => {
  test('within two minutes, each outcome once', async () => {
    const process = new Process()
    await process.use(2 * MINUTE)
    expect(process.reports).toEqual([[{ flag: 'new_feature', enabled: true, at: '2026-01-01T00:00:00.000Z' }]])
    await fleet.store.update('new_feature', { rollout: 0 })
    await settle()
    const at = new Date(fleet.clock.now()).toISOString()
    await process.use(2 * MINUTE)
    expect(process.reports.slice(1)).toEqual([[{ flag: 'new_feature', enabled: false, at }]])
  })

  test('about once an hour for a flag that is used all the time', async () => {
    const process = new Process()
    await process.use(50 * MINUTE)
    expect(process.reports).toHaveLength(1)
    await process.use(5 * HOUR)
    expect(process.reports.length).toBeGreaterThanOrEqual(5)
    expect(process.reports.length).toBeLessThanOrEqual(6)
    const { uses = [] } = (await fleet.store.lastUses?.()) ?? {}
    expect(fleet.clock.now() - Date.parse(String(uses[0]?.at))).toBeLessThanOrEqual(HOUR + 2 * MINUTE)
  })

  test('never while no flag is used', async () => {
    const process = new Process()
    await process.flags.ready()
    await fleet.clock.advance(3 * HOUR)
    expect(process.reports).toEqual([])
  })

  test('never for flags that do not exist, as made-up names have no bound', async () => {
    const process = new Process()
    for (const name of ['a', 'b', 'c']) await process.use(MINUTE, name)
    ;(await process.flags.snapshot()).evaluate('d', 'ada')
    await process.flags.close()
    expect(process.reports).toEqual([])
  })

  test('at most a thousand at a time', async () => {
    const names = Array.from({ length: 2_500 }, (_, index) => `flag_${index}`)
    for (const name of names) await fleet.store.create({ name })
    const process = new Process()
    ;(await process.flags.snapshot()).evaluateAll('ada')
    await fleet.clock.advance(2 * MINUTE)
    expect(process.reports.map((uses) => uses.length)).toEqual([1_000, 1_000, 501])
    expect(new Set(process.reports.flat().map(({ flag }) => flag))).toEqual(new Set(['new_feature', ...names]))
  })

  test('at close(), where they are unreported', async () => {
    const process = new Process()
    await process.flags.isEnabled('new_feature', 'ada')
    await process.flags.close()
    expect(process.reports).toHaveLength(1)
    expect(await process.flags.isEnabled('new_feature', 'ada')).toBe(false)
    expect((await fleet.store.lastUses?.())?.uses).toHaveLength(1)
  })

  test('by calls and by close() where there are no timers', async () => {
    const process = new Process({ background: false })
    await process.flags.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(2 * MINUTE)
    expect([process.reports.length, fleet.clock.pending]).toEqual([0, 0])
    await process.flags.isEnabled('new_feature', 'ada')
    await settle()
    expect(process.reports).toHaveLength(1)
    await fleet.clock.advance(2 * HOUR)
    await process.flags.isEnabled('new_feature', 'ada')
    await process.flags.close()
    expect(process.reports.map(([use]) => use?.at)).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-01T02:02:00.000Z'])
  })
})

describe('a store that does not note uses', () => {
  const denied = (): Promise<void> => Promise.reject(new FlagsError('GENERAL', 'permission denied for table feature_flag_uses'))

  test('is reported by one error, and asked ever more rarely; answers go on', async () => {
    const process = new Process()
    process.fault = denied
    await process.use(24 * HOUR)
    expect(fleet.errors.map(({ message }) => message)).toEqual(['permission denied for table feature_flag_uses'])
    expect(process.reports.length).toBeGreaterThan(20)
    expect(process.reports.length).toBeLessThan(35)
    expect(await process.flags.isEnabled('new_feature', 'ada')).toBe(true)
  })

  test('for a while gets the uses later', async () => {
    const process = new Process()
    process.fault = denied
    await process.use(3 * MINUTE)
    process.fault = undefined
    await fleet.clock.advance(10 * MINUTE)
    expect((await fleet.store.lastUses?.())?.uses).toMatchObject([{ flag: 'new_feature', enabled: true }])
    expect(fleet.errors).toHaveLength(1)
    process.fault = denied
    await process.use(2 * HOUR)
    expect(fleet.errors).toHaveLength(2)
  })

  test('and rejects with another error than a FlagsError is reported as STORE_UNAVAILABLE', async () => {
    const process = new Process()
    process.fault = () => Promise.reject(new Error('cut'))
    await process.use(2 * MINUTE)
    expect(fleet.errors).toMatchObject([
      { code: 'STORE_UNAVAILABLE', message: 'Uses of flags could not be noted: cut', cause: { message: 'cut' } },
    ])
  })

  test('is still read', async () => {
    await fleet.store.create({ name: 'other', rollout: 100 })
    const process = new Process()
    process.fault = denied
    const answers: unknown[] = []
    process.flags.on('error', () => answers.push(process.flags.evaluate('other', 'ada')))
    await process.use(2 * MINUTE)
    expect(await Promise.all(answers)).toMatchObject([{ enabled: true, source: 'store', reason: 'STATIC' }])
  })

  test('within 2 s delays no answer, and close() by no more than that', async () => {
    const process = new Process()
    const held = gate()
    process.fault = () => held.opened
    await process.use(2 * MINUTE)
    expect(fleet.errors).toMatchObject([{ code: 'STORE_TIMEOUT', message: expect.stringContaining('within 2 s') }])
    expect(process.flags.stats().leased).toBe(true)
    const other = new Process()
    other.fault = () => held.opened
    await other.flags.isEnabled('new_feature', 'ada')
    const from = fleet.clock.now()
    await fleet.clock.until(other.flags.close())
    expect(fleet.clock.now() - from).toBeLessThanOrEqual(2_100)
    held.open()
  })

  test('is not asked once more at close()', async () => {
    const process = new Process()
    process.fault = denied
    await process.use(2 * MINUTE)
    const asked = process.reports.length
    await process.flags.close()
    expect(process.reports).toHaveLength(asked)
  })

  test('because it is down is not asked at close()', async () => {
    let down = false
    const store = around(fleet.store, { changesSince: (next, ...args) => (down ? Promise.reject(new Error('gone')) : next(...args)) })
    const flags = fleet.client({ store })
    await flags.isEnabled('new_feature', 'ada')
    down = true
    await fleet.clock.advance(10_000)
    await flags.close()
    expect(store.calls['noteUses']).toBeUndefined()
  })

  test('because it has no method for it is never asked', async () => {
    const without = around(fleet.store)
    const flags = createFlags({
      store: new Proxy(without, { get: (of, key) => (key === 'noteUses' ? undefined : Reflect.get(of, key)) }),
      clock: fleet.clock,
    })
    await flags.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(2 * MINUTE)
    await flags.close()
    expect((await fleet.store.lastUses?.())?.uses).toEqual([])
  })
})

describe('trackUses', () => {
  test('false notes nothing, and calls stay on the hot path after the first', async () => {
    const process = new Process({ trackUses: false })
    await process.flags.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(2 * MINUTE)
    expect(process.flags.isEnabled('new_feature', 'ada')).toBe(process.flags.isEnabled('new_feature', 'ada'))
    await process.use(2 * HOUR)
    await process.flags.close()
    expect(process.reports).toEqual([])
  })

  test.each([1, 'yes', null])('%j is refused', (trackUses) => {
    expect(() => fleet.client({ trackUses: trackUses as never })).toThrow('The option trackUses must be true or false.')
  })
})

test('uses that the store has not taken are kept up to a bound', async () => {
  let reported = 0
  const store = around(fleet.store, {
    noteUses: async (_, uses) => {
      reported += uses.length
    },
  })
  const layer = new StoreLayer(store, fleet.clock, 1_000)
  const background = new BackgroundWork(fleet.clock, () => undefined)
  const tracker = new UseTracker(true, fleet.clock, layer, background, () => undefined)
  for (let flag = 0; flag < 250_001; flag++) tracker.note(`flag_${flag}`, true, 'check', undefined)
  await fleet.clock.until(tracker.close())
  expect(reported).toBe(250_000)
})
