import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Flags, FlagUse } from '../../src/index.ts'
import { UseTracker } from '../../src/read/use-tracker.ts'
import { Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
let flags: Flags
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'plain', rollout: 50 })
  await fleet.store.create({ name: 'ruled', rules: [{ when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] }] })
  await fleet.store.create({ name: 'drawn', rollout: 100, variants: [{ name: 'new', value: 1, weight: 1 }] })
  await fleet.store.create({ name: 'dependent', rollout: 100, requires: [{ flag: 'drawn' }] })
  flags = fleet.client()
  await flags.ready()
})
afterEach(() => fleet.end())

const MINUTE = 70_000

/** Closes the processes; returns the uses that the store has noted, as `plain on`, `drawn new`, `ruled off`. */
async function uses(): Promise<readonly string[]> {
  await fleet.end()
  const known = (await fleet.store.lastUses?.())?.uses ?? []
  return known.map(({ flag, enabled, variant }: FlagUse) => `${flag} ${variant ?? (enabled ? 'on' : 'off')}`).sort()
}

/** How many of ten evaluations are noted; the others took the hot path. */
async function notedOfTen(name = 'plain'): Promise<number> {
  const note = vi.spyOn(UseTracker.prototype, 'note')
  for (let call = 0; call < 10; call++) await flags.isEnabled(name, 'ada')
  const { length } = note.mock.calls
  note.mockRestore()
  return length
}

describe('a flag in memory', () => {
  test('is noted by one evaluation a minute, and the others take the hot path', async () => {
    expect([await notedOfTen(), await notedOfTen()]).toEqual([1, 0])
    await fleet.clock.advance(30_000)
    expect(await notedOfTen()).toBe(0)
    for (let minute = 0; minute < 3; minute++) {
      await fleet.clock.advance(MINUTE)
      expect([await notedOfTen(), await notedOfTen()]).toEqual([1, 0])
    }
  })

  test('takes the hot path again with the second evaluation after a change', async () => {
    await flags.isEnabled('plain', 'ada')
    await fleet.store.update('plain', { rollout: 100 })
    await settle()
    await flags.isEnabled('plain', 'ada')
    expect(await notedOfTen()).toBe(0)
  })

  test('with rules, variants or prerequisites is noted by every evaluation', async () => {
    for (let user = 0; user < 100; user++) await flags.isEnabled('ruled', { targetingKey: `u${user}`, plan: user % 2 ? 'pro' : 'free' })
    await flags.isEnabled('dependent', 'ada')
    expect(await notedOfTen('ruled')).toBe(10)
    expect(await uses()).toEqual(['dependent on', 'ruled off', 'ruled on'])
  })

  test('is dated by its first evaluation, and by the first after an hour', async () => {
    const dates: string[] = []
    for (const wait of [1_000, 3_590_000, 2 * MINUTE]) {
      await fleet.clock.advance(wait)
      dates.push(new Date(fleet.clock.now()).toISOString())
      await flags.isEnabled('ruled', 'ada')
    }
    await fleet.clock.advance(2 * MINUTE)
    const at = dates[2]
    expect(await fleet.store.lastUses?.()).toEqual({ since: dates[0], uses: [{ flag: 'ruled', enabled: false, at }] })
  })
})

describe('what counts as a use:', () => {
  test('evaluate() and value(), with the variant that was given', async () => {
    await flags.evaluate('drawn', 'ada')
    await flags.value('dependent', 'ada', { default: false })
    await flags.evaluate('plain', 'ada')
    await flags.evaluate('ruled', {})
    expect(await uses()).toEqual(['dependent on', 'drawn new', 'plain off', 'ruled off'])
  })

  test('isEnabled(), which gives no variant', async () => {
    await flags.isEnabled('drawn', 'ada')
    expect(await uses()).toEqual(['drawn on'])
  })

  test('each method of a snapshot', async () => {
    const snapshot = await flags.snapshot()
    snapshot.isEnabled('drawn', 'ada')
    snapshot.value('drawn', 'ada', { default: 0 })
    snapshot.evaluate('ruled', 'ada')
    expect(snapshot.isEnabled('plain', 'ada')).toBe(snapshot.isEnabled('plain', 'ada'))
    expect(await uses()).toEqual(['drawn new', 'drawn on', 'plain off', 'ruled off'])
  })

  test('a snapshot that is kept, minute by minute', async () => {
    const snapshot = await flags.snapshot()
    for (let hour = 0; hour < 2; hour++) {
      snapshot.isEnabled('plain', 'ada')
      await fleet.clock.advance(3_600_000)
    }
    expect((await fleet.store.lastUses?.())?.uses).toHaveLength(1)
    const at = new Date(fleet.clock.now()).toISOString()
    snapshot.isEnabled('plain', 'ada')
    await uses()
    expect((await fleet.store.lastUses?.())?.uses).toEqual([{ flag: 'plain', enabled: false, at }])
  })

  test('evaluateAll(), for each flag that it returns: a front end may use them', async () => {
    const snapshot = await flags.snapshot()
    snapshot.evaluateAll('ada', { forClient: true })
    expect(await uses()).toEqual(['dependent on', 'drawn new', 'plain off', 'ruled off'])
  })

  test('a decision that another process has left in Redis, of either kind', async () => {
    const filling = fleet.client({ trackUses: false, memory: false })
    for (const name of ['plain', 'drawn']) {
      await filling.isEnabled(name, 'ada')
      await settle()
      await filling.evaluate(name, 'ada')
      await settle()
    }
    const asking = fleet.client({ memory: false })
    await asking.isEnabled('plain', 'ada')
    await asking.evaluate('drawn', 'ada')
    expect(asking.stats()).toMatchObject({ decision: { hits: 2 }, store: { reads: 0 } })
    expect(await uses()).toEqual(['drawn new', 'plain off'])
  })

  test('not explain(), nor a flag that is read for another flag', async () => {
    await flags.explain('plain', 'ada')
    await flags.evaluate('dependent', 'ada')
    expect(await uses()).toEqual(['dependent on'])
  })

  test('not a default: of a flag that does not exist, or that could not be evaluated', async () => {
    expect(await flags.isEnabled('not_there', 'ada', { default: true })).toBe(true)
    await flags.evaluate('plain', { targetingKey: 7 } as never)
    ;(await flags.snapshot()).evaluateAll('ada', { tags: ['none'] })
    expect(await uses()).toEqual([])
  })
})
