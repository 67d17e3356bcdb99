import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around, Fleet, unwatched } from '../client-fleet.ts'

let fleet: Fleet
beforeEach(() => {
  fleet = new Fleet()
})
afterEach(() => fleet.end())

const MANY = 1_301

async function create(count: number, rollout: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `flag_${index}`)
  for (const name of names) await fleet.store.create({ name, rollout })
  return names
}

describe('a bulk edit of more flags than a page', () => {
  test('is caught up with page by page, and nothing of it counts before its end is read', async () => {
    const names = await create(MANY, 0)
    const seen: number[] = []
    const store = around(unwatched(fleet.store), {
      changesSince: async (next, cursor, call, limit) => {
        const page = await next(cursor, call, limit)
        if (page.kind === 'changes' && page.changed.length > 0) {
          seen.push(page.changed.length)
          expect(await flags.isEnabled('flag_0', 'ada')).toBe(false)
        }
        return page
      },
    })
    const flags = fleet.client({ store, cache: undefined as never })
    await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
    for (const name of names) await fleet.store.update(name, { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect(seen).toEqual([500, 500, 301])
    expect(flags.stats().clock).toBe(2 * MANY)
    expect(await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))).toEqual(names.map(() => true))
  })

  test('in which a flag changes again while its pages are read ends with the latest record', async () => {
    const names = await create(MANY, 0)
    let pages = 0
    const store = around(unwatched(fleet.store), {
      changesSince: async (next, cursor, call, limit) => {
        const page = await next(cursor, call, limit)
        if (page.kind === 'changes' && page.changed.length > 0 && pages++ === 0) await fleet.store.update('flag_0', { rollout: 0 })
        return page
      },
    })
    const flags = fleet.client({ store, cache: undefined as never })
    await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
    for (const name of names) await fleet.store.update(name, { rollout: 100 })
    await fleet.clock.advance(2_000)
    expect([await flags.isEnabled('flag_0', 'ada'), await flags.isEnabled('flag_1', 'ada')]).toEqual([false, true])
  })
})

describe('a snapshot of more flags than a page', () => {
  test('has all of them at one version, also where flags change while its pages are read', async () => {
    await create(MANY, 0)
    let pages = 0
    const store = around(unwatched(fleet.store), {
      loadAll: async (next, call, page) => {
        const loaded = await next(call, page)
        if (pages++ === 0) {
          await fleet.store.update('flag_0', { rollout: 100 })
          await fleet.store.delete('flag_1')
          await fleet.store.create({ name: 'a_new_one', rollout: 100 })
        }
        return loaded
      },
    })
    const flags = fleet.client({ store, cache: undefined as never })
    const snapshot = await flags.snapshot()
    expect(pages).toBeGreaterThan(2)
    expect([snapshot.asOf, snapshot.names.length]).toEqual([MANY + 3, MANY])
    expect(['flag_0', 'flag_2', 'a_new_one'].map((name) => snapshot.isEnabled(name, 'ada'))).toEqual([true, false, true])
    expect(snapshot.evaluate('flag_1', 'ada').errorCode).toBe('FLAG_NOT_FOUND')
  })

  test('starts again where the store is another one by the next page', async () => {
    await create(MANY, 100)
    let pages = 0
    const store = around(unwatched(fleet.store), {
      loadAll: async (next, call, page) => {
        const loaded = await next(call, page)
        return pages++ === 1 ? { ...loaded, storeId: 'another' } : loaded
      },
    })
    const flags = fleet.client({ store, cache: undefined as never })
    expect((await flags.snapshot()).names).toHaveLength(MANY)
    expect(pages).toBe(5)
  })
})

test('many cold flags at once are loaded in statements of a bounded size, and each gets its answer', async () => {
  const names = await create(MANY, 100)
  const sizes: number[] = []
  const store = around(fleet.store, {
    load: async (next, asked, ...rest) => {
      sizes.push(asked.length)
      return await next(asked, ...rest)
    },
  })
  const flags = fleet.client({ store, cache: undefined as never })
  await flags.ready()
  expect(await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))).toEqual(names.map(() => true))
  expect(sizes).toEqual([500, 500, 301])
})
