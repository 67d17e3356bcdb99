import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagStore, Flags } from '../../src/index.ts'
import { around, Fleet } from '../fleet.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

const away = (): Promise<never> => Promise.reject(new Error('away'))
const hangs = (): Promise<never> => new Promise(() => undefined)

/** A store that can be taken away and given back. */
function fragileStore(trouble = away): { readonly store: FlagStore; away: boolean } {
  const fragile = { store: fleet.store, away: false }
  const perhaps = (next: (...args: never[]) => Promise<unknown>, ...args: unknown[]) =>
    fragile.away ? trouble() : next(...(args as never[]))
  fragile.store = around(fleet.store, { head: perhaps, load: perhaps, changesSince: perhaps, watch: away } as never)
  return fragile
}

function listen(flags: Flags): { readonly told: string[] } {
  const told: string[] = []
  flags.on('stale', ({ clock }) => told.push(`stale at ${clock}, ${fleet.clock.monotonic() / 1_000} s, ${flags.stats().stale}`))
  flags.on('fresh', ({ clock }) => told.push(`fresh at ${clock}, ${fleet.clock.monotonic() / 1_000} s, ${flags.stats().stale}`))
  return { told }
}

describe('a lease', () => {
  test('that runs out is told once, at its end, and so is the store that is heard again', async () => {
    const fragile = fragileStore()
    const flags = fleet.client({ store: fragile.store, cache: undefined as never })
    const { told } = listen(flags)
    await flags.ready()
    expect(told).toEqual(['fresh at 1, 0 s, false'])
    fragile.away = true
    await fleet.clock.advance(29_999)
    expect(told).toHaveLength(1)
    await fleet.clock.advance(1)
    expect(told.slice(1)).toEqual(['stale at 1, 30 s, true'])
    expect((await flags.evaluate('new_feature', 'ada')).reason).toBe('ERROR')
    await fleet.clock.advance(60_000)
    await fleet.store.update('new_feature', { rollout: 0 })
    expect(told).toHaveLength(2)
    fragile.away = false
    await fleet.clock.advance(2_000)
    expect(told.slice(2)).toEqual([expect.stringMatching(/^fresh at 2, 9[0-2](\.\d+)? s, false$/)])
  })

  test('ends on time also where the store says nothing at all', async () => {
    const fragile = fragileStore(hangs)
    const flags = fleet.client({ store: fragile.store, cache: undefined as never, timeoutMs: { store: 60_000 } })
    const { told } = listen(flags)
    await flags.ready()
    fragile.away = true
    await fleet.clock.advance(30_000)
    expect(told.slice(1)).toEqual(['stale at 1, 30 s, true'])
  })

  test('that is renewed is no news', async () => {
    const flags = fleet.client()
    const { told } = listen(flags)
    await flags.ready()
    await fleet.clock.advance(300_000)
    expect(told).toHaveLength(1)
  })

  test('that never began cannot run out', async () => {
    const fragile = fragileStore()
    fragile.away = true
    const flags = fleet.client({ store: fragile.store, cache: undefined as never })
    const { told } = listen(flags)
    await expect(flags.ready()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await fleet.clock.advance(60_000)
    expect([told, flags.stats().stale]).toEqual([[], false])
    fragile.away = false
    await fleet.clock.advance(2_000)
    expect(told).toHaveLength(1)
  })

  test('is told of no more once the client is closed', async () => {
    const flags = fleet.client()
    const { told } = listen(flags)
    await flags.ready()
    await flags.close()
    await fleet.clock.advance(60_000)
    expect(told).toHaveLength(1)
  })

  test('without timers is told by the call that could not renew it, not by time', async () => {
    const fragile = fragileStore()
    const flags = fleet.client({ store: fragile.store, cache: undefined as never, background: false })
    const { told } = listen(flags)
    await flags.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(60_000)
    expect(told).toEqual(['fresh at 1, 0 s, false'])
    await flags.isEnabled('new_feature', 'ada')
    expect(told).toHaveLength(1)
    fragile.away = true
    await fleet.clock.advance(60_000)
    await flags.isEnabled('new_feature', 'ada')
    expect(told.slice(1)).toEqual(['stale at 1, 120 s, true'])
    fragile.away = false
    await fleet.clock.advance(2_000)
    await flags.isEnabled('new_feature', 'ada')
    expect(told.slice(2)).toEqual(['fresh at 1, 122 s, false'])
  })
})
