import assert from 'node:assert/strict'
import type { Changes, Cursor, FlagStore, LoadedAll, LoadedRecord } from '../contracts/index.ts'
import type { Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

const FLAGS = 25
const LIMIT = 10

async function fill(store: FlagStore): Promise<void> {
  for (let index = 0; index < FLAGS; index++) await store.create({ name: `flag-${index}` })
  await store.segments.create({ name: 'beta', members: ['ada'] })
  await store.segments.create({ name: 'staff' })
}

/** Every page of `loadAll`; `between` runs before the second one. */
async function loadPages(store: FlagStore, between?: () => Promise<unknown>): Promise<readonly LoadedAll[]> {
  const pages: LoadedAll[] = [await store.loadAll(undefined, { limit: LIMIT })]
  await between?.()
  for (let after = pages[0]?.next; after !== undefined; after = pages.at(-1)?.next) {
    pages.push(await store.loadAll(undefined, { limit: LIMIT, after }))
    assert.ok(pages.length < 100, 'the pages do not end')
  }
  return pages
}

type Page = Extract<Changes, { kind: 'changes' }>

/** Every page of `changesSince`; `between` runs before the second one. */
async function changePages(store: FlagStore, since: Cursor, between?: () => Promise<unknown>): Promise<readonly Page[]> {
  const pages: Page[] = []
  for (let cursor = since; ; ) {
    const page = await store.changesSince(cursor, undefined, LIMIT)
    assert.ok(page.kind === 'changes', 'the log was lost')
    pages.push(page)
    if (!page.more) return pages
    assert.ok(page.cursor.version > cursor.version, 'a page did not get any further')
    cursor = page.cursor
    if (pages.length === 1) await between?.()
  }
}

/** What the pages say of each key, the last word counting. */
const latest = (pages: readonly Page[]): ReadonlyMap<string, LoadedRecord> =>
  new Map(pages.flatMap(({ changed }) => changed.map(({ name, flag }) => [name, flag] as const)))

const byKey = (records: ReadonlyMap<string, LoadedRecord>): readonly (readonly [string, LoadedRecord])[] =>
  [...records].sort(([one], [other]) => (one < other ? -1 : 1))

/** loadAll and changesSince in pages. A store may ignore the limit and answer everything at once. */
export const storePages: Scenarios<StoreFixture> = {
  'the pages of all flags and segments have each of them once': async ({ store }) => {
    await fill(store)
    const pages = await loadPages(store)
    const keys = pages.flatMap(({ flags }) => [...flags.keys()])
    assert.equal(new Set(keys).size, keys.length)
    const { flags } = await store.loadAll()
    assert.deepEqual(byKey(new Map(pages.flatMap((page) => [...page.flags]))), byKey(flags))
  },

  'a page of all flags is as of its own snapshot': async ({ store }) => {
    await fill(store)
    const pages = await loadPages(store, () => store.update('flag-9', { rollout: 50 }))
    const { cursor } = await store.head()
    assert.deepEqual(pages.at(-1)?.cursor, cursor)
    for (const { asOf, flags, cursor: own } of pages) {
      assert.equal(asOf, own.version)
      for (const record of flags.values()) assert.ok(record !== null && 'version' in record && record.version <= asOf)
    }
  },

  'the pages of the log have every change, and end at the clock': async ({ store }) => {
    const { cursor } = await store.head()
    await fill(store)
    const pages = await changePages(store, cursor)
    assert.deepEqual(pages.at(-1)?.cursor, (await store.head()).cursor)
    assert.deepEqual(byKey(latest(pages)), byKey((await store.loadAll()).flags))
  },

  'the pages of the log have also what changes, and goes, while they are read': async ({ store }) => {
    const { cursor } = await store.head()
    await fill(store)
    const pages = await changePages(store, cursor, async () => {
      await store.update('flag-0', { rollout: 50 })
      await store.delete('flag-1')
    })
    const records = latest(pages)
    assert.equal(records.get('flag-1'), null)
    assert.deepEqual(byKey(new Map([...records].filter(([, record]) => record !== null))), byKey((await store.loadAll()).flags))
  },

  'a page of the log goes on from a cursor, and notices a log that was pruned meanwhile': async ({ store }) => {
    const { cursor } = await store.head()
    await fill(store)
    const first = await store.changesSince(cursor, undefined, LIMIT)
    if (first.kind !== 'changes' || !first.more) return
    await store.prune(0)
    assert.equal((await store.changesSince(first.cursor, undefined, LIMIT)).kind, 'lost')
  },
}
