import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagStore, Flags } from '../../src/index.ts'
import { around, Fleet, gate } from '../client-fleet.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

const refuses = (): Promise<never> => Promise.reject(new Error('refused'))
const hangs = (): Promise<never> => new Promise(() => undefined)

/** A store that can fail and recover. */
function fragileStore(failure = refuses): { readonly store: FlagStore; isDown: boolean } {
  const fragile = { store: fleet.store, isDown: false }
  const unlessDown = (next: (...args: never[]) => Promise<unknown>, ...args: unknown[]) =>
    fragile.isDown ? failure() : next(...(args as never[]))
  fragile.store = around(fleet.store, { head: unlessDown, load: unlessDown, changesSince: unlessDown, watch: refuses } as never)
  return fragile
}

function listen(flags: Flags): { readonly emitted: string[] } {
  const emitted: string[] = []
  flags.on('stale', ({ clock }) => emitted.push(`stale at ${clock}, ${fleet.clock.monotonic() / 1_000} s, ${flags.stats().stale}`))
  flags.on('fresh', ({ clock }) => emitted.push(`fresh at ${clock}, ${fleet.clock.monotonic() / 1_000} s, ${flags.stats().stale}`))
  return { emitted }
}

describe('a lease', () => {
  test('that runs out emits `stale` once, at its end, and `fresh` once when the store is reached again', async () => {
    const fragile = fragileStore()
    const flags = fleet.client({ store: fragile.store, cache: undefined as never })
    const { emitted } = listen(flags)
    await flags.ready()
    expect(emitted).toEqual(['fresh at 1, 0 s, false'])
    fragile.isDown = true
    await fleet.clock.advance(29_999)
    expect(emitted).toHaveLength(1)
    await fleet.clock.advance(1)
    expect(emitted.slice(1)).toEqual(['stale at 1, 30 s, true'])
    expect((await flags.evaluate('new_feature', 'ada')).reason).toBe('ERROR')
    await fleet.clock.advance(60_000)
    await fleet.store.update('new_feature', { rollout: 0 })
    expect(emitted).toHaveLength(2)
    fragile.isDown = false
    await fleet.clock.advance(2_000)
    expect(emitted.slice(2)).toEqual([expect.stringMatching(/^fresh at 2, 9[0-2](\.\d+)? s, false$/)])
  })

  test('ends on time also where the store hangs', async () => {
    const fragile = fragileStore(hangs)
    const flags = fleet.client({ store: fragile.store, cache: undefined as never, timeoutMs: { store: 60_000 } })
    const { emitted } = listen(flags)
    await flags.ready()
    fragile.isDown = true
    await fleet.clock.advance(30_000)
    expect(emitted.slice(1)).toEqual(['stale at 1, 30 s, true'])
  })

  test('that is renewed emits nothing', async () => {
    const flags = fleet.client()
    const { emitted } = listen(flags)
    await flags.ready()
    await fleet.clock.advance(300_000)
    expect(emitted).toHaveLength(1)
  })

  test('that never began cannot run out', async () => {
    const fragile = fragileStore()
    fragile.isDown = true
    const flags = fleet.client({ store: fragile.store, cache: undefined as never })
    const { emitted } = listen(flags)
    await expect(flags.ready()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await fleet.clock.advance(60_000)
    expect([emitted, flags.stats().stale]).toEqual([[], false])
    fragile.isDown = false
    await fleet.clock.advance(2_000)
    expect(emitted).toHaveLength(1)
  })

  test('emits nothing once the client is closed', async () => {
    const flags = fleet.client()
    const { emitted } = listen(flags)
    await flags.ready()
    await flags.close()
    await fleet.clock.advance(60_000)
    expect(emitted).toHaveLength(1)
  })

  test('emits nothing where a catch-up ends after the client was closed', async () => {
    const go = gate()
    let isSlow = false
    const store = around(fleet.store, {
      changesSince: async (next, ...args) => {
        if (isSlow) await go.opened
        return await next(...args)
      },
    })
    const flags = fleet.client({ store })
    const { emitted } = listen(flags)
    await flags.ready()
    isSlow = true
    await fleet.clock.advance(10_000)
    const closing = flags.close()
    go.open()
    await closing
    expect([emitted.length, flags.stats().stale]).toEqual([1, false])
  })

  test('without timers emits `stale` with the call that could not renew it, not by time', async () => {
    const fragile = fragileStore()
    const flags = fleet.client({ store: fragile.store, cache: undefined as never, background: false })
    const { emitted } = listen(flags)
    await flags.isEnabled('new_feature', 'ada')
    await fleet.clock.advance(60_000)
    expect(emitted).toEqual(['fresh at 1, 0 s, false'])
    await flags.isEnabled('new_feature', 'ada')
    expect(emitted).toHaveLength(1)
    fragile.isDown = true
    await fleet.clock.advance(60_000)
    await flags.isEnabled('new_feature', 'ada')
    expect(emitted.slice(1)).toEqual(['stale at 1, 120 s, true'])
    fragile.isDown = false
    await fleet.clock.advance(2_000)
    await flags.isEnabled('new_feature', 'ada')
    expect(emitted.slice(2)).toEqual(['fresh at 1, 122 s, false'])
  })
})
