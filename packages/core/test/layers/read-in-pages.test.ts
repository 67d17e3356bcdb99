import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FlagStore } from '../../src/index.ts'
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

  test('takes no page that a lagging standby gave', async () => {
    await create(MANY, 0)
    const behind = await fleet.store.loadAll()
    await fleet.store.update('flag_999', { rollout: 100 })
    let pages = 0
    const store = around(unwatched(fleet.store), {
      loadAll: async (next, call, page) => {
        const loaded = await next(call, page)
        if (pages++ !== 2) return loaded
        const flags = new Map([...loaded.flags.keys()].map((key) => [key, behind.flags.get(key) ?? null]))
        return { ...loaded, flags, asOf: behind.asOf, cursor: behind.cursor, standby: true as const }
      },
    })
    const flags = fleet.client({ store, cache: undefined as never })
    expect((await flags.snapshot()).evaluate('flag_999', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
    expect(pages).toBe(6)
  })

  test('is as stale as a standby that gave one of the pages', async () => {
    await create(MANY, 100)
    let pages = 0
    const store = around(unwatched(fleet.store), {
      loadAll: async (next, call, page) => ({ ...(await next(call, page)), ...(pages++ === 1 && { standby: true as const }) }),
    })
    const flags = fleet.client({ store, cache: undefined as never })
    expect((await flags.snapshot()).evaluate('flag_0', 'ada')).toMatchObject({ enabled: true, reason: 'STALE' })
    expect(fleet.codes).toContain('STORE_IS_STANDBY')
  })
})

describe('pages that are late', () => {
  /** A store that answers no page of more than 20 records in time. */
  function slowStore(): FlagStore {
    const hangs = async (limit: number): Promise<void> => {
      if (limit > 20) await new Promise(() => undefined)
    }
    return around(unwatched(fleet.store), {
      loadAll: async (next, call, page) => {
        await hangs(page?.limit ?? 0)
        return await next(call, page)
      },
      changesSince: async (next, ...rest) => {
        const page = await next(...rest)
        if (page.kind === 'changes') await hangs(page.changed.length)
        return page
      },
    })
  }

  test('are read in smaller pages, so that a bulk edit of big records is caught up with', async () => {
    const names = await create(200, 0)
    const flags = fleet.client({ store: slowStore(), cache: undefined as never })
    await Promise.all(names.map((name) => flags.isEnabled(name, 'ada')))
    for (const name of names) await fleet.store.update(name, { rollout: 100 })
    for (let second = 0; second < 15; second++) await fleet.clock.advance(1_000)
    expect(flags.stats().clock).toBe(400)
    expect(await flags.evaluate('flag_0', 'ada')).toMatchObject({ enabled: true, reason: 'STATIC' })
  })

  test('are read in smaller pages, so that a snapshot of big records is loaded', async () => {
    await create(200, 100)
    const flags = fleet.client({ store: slowStore(), cache: undefined as never })
    await flags.ready()
    for (let attempt = 0; attempt < 4; attempt++) {
      const snapshot = fleet.clock.until(flags.snapshot())
      if ((await snapshot).names.length === 200) return
      await fleet.clock.advance(2_000)
    }
    expect.unreachable()
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
