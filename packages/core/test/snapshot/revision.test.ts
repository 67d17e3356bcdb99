import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { FlagSnapshot, FlagStore, NewFlag, Variant } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

async function snapshotOf(...flags: readonly NewFlag[]): Promise<FlagSnapshot> {
  for (const flag of flags) await fleet.store.create(flag)
  return await fleet.client().snapshot()
}

describe('the revision of a snapshot', () => {
  test('is the same in every process at that version', async () => {
    const follower = fleet.client()
    expect((await follower.snapshot()).revision).toBeDefined()
    await fleet.store.create({ name: 'one', rollout: 10 })
    await settle()
    const followed = (await follower.snapshot()).revision
    expect(followed).toBe((await fleet.client().snapshot()).revision)
    expect((await follower.snapshot()).revision).toBe(followed)
  })

  test('differs after each change, and for another store', async () => {
    const flags = fleet.client()
    const seen = new Set([(await flags.snapshot()).revision, (await fleet.client({ store: memoryStore() }).snapshot()).revision])
    for (let rollout = 0; rollout < 5; rollout++) {
      if (rollout === 0) await flags.admin.create({ name: 'one' })
      else await flags.admin.update('one', { rollout })
      seen.add((await flags.snapshot()).revision)
    }
    expect(seen).not.toContain(undefined)
    expect(seen.size).toBe(7)
  })

  test('differs for the same store and clock, where the store went back and got other changes', async () => {
    const storeId = (await fleet.store.head()).storeId
    const restored = (id: string): FlagStore => {
      const cursor = { version: 1, id }
      return around(memoryStore(), {
        head: async () => ({ storeId, cursor }),
        loadAll: async () => ({ storeId, asOf: 1, flags: new Map(), cursor }),
        changesSince: async () => ({ kind: 'changes' as const, cursor, changed: [] }),
      })
    }
    const revisions = await Promise.all(['a', 'b'].map(async (id) => (await fleet.client({ store: restored(id) }).snapshot()).revision))
    expect(revisions).not.toContain(undefined)
    expect(new Set(revisions).size).toBe(2)
  })

  test('is never that of a shorter history, where a load is newer than the log that was read', async () => {
    await fleet.store.create({ name: 'one' })
    let changed = false
    const store = around(fleet.store, {
      loadAll: async (next, call) => {
        if (!changed) await fleet.store.create({ name: 'two' })
        changed = true
        return await next(call)
      },
    })
    const flags = fleet.deaf({ store })
    const first = await flags.snapshot()
    await fleet.clock.advance(11_000)
    const second = await flags.snapshot()
    expect([first.asOf, second.asOf]).toEqual([2, 2])
    expect(second.revision).toBe((await fleet.client().snapshot()).revision)
    expect([undefined, second.revision]).toContain(first.revision)
  })

  test('is undefined where nothing could be loaded', async () => {
    const gone = (): Promise<never> => Promise.reject(new Error('gone'))
    const flags = fleet.client({ store: around(memoryStore(), { head: gone, loadAll: gone }) })
    expect((await fleet.clock.until(flags.snapshot())).revision).toBeUndefined()
  })
})

describe('a snapshot is timed', () => {
  test('until the last ramp has ended, and not without a ramp', async () => {
    const at = (ms: number): string => new Date(fleet.clock.now() + ms).toISOString()
    const ramp = { from: { at: at(1_000), rollout: 0 }, to: { at: at(5_000), rollout: 100 } }
    expect((await snapshotOf({ name: 'plain', rollout: 50 })).timed).toBe(false)
    const snapshot = await snapshotOf({ name: 'ramp', ramp }, { name: 'short', ramp: { ...ramp, to: { at: at(2_000), rollout: 100 } } })
    const seen: boolean[] = []
    for (const ms of [0, 1_500, 3_499, 1]) {
      await fleet.clock.advance(ms)
      seen.push(snapshot.timed)
    }
    expect(seen).toEqual([true, true, true, false])
  })
})

describe('a flag of a snapshot is boolean', () => {
  test('where it has no variants, or only boolean ones', async () => {
    const variants = (...values: readonly (boolean | string)[]): readonly Variant[] =>
      values.map((value, index) => ({ name: `v${index}`, value, weight: 1 }))
    const snapshot = await snapshotOf(
      { name: 'gate' },
      { name: 'yes-no', variants: variants(true, false) },
      { name: 'mixed', variants: variants(true, 'blue') },
    )
    await fleet.store.create({ name: 'later' })
    expect(['gate', 'yes-no', 'mixed', 'missing'].map((name) => snapshot.isBoolean(name))).toEqual([true, true, false, false])
  })
})
