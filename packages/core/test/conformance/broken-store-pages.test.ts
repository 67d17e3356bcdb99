import { describe, expect, test } from 'vitest'
import { caught, type StoreDefect } from './broken-stores.ts'

const ALL = 'the pages of all flags and segments have each of them once'
const LOG = 'the pages of the log have every change, and end at the clock'

const DEFECTS: readonly StoreDefect[] = [
  {
    that: 'leaves out the first record of each later page of all flags',
    fails: ALL,
    broken: (store) => ({
      loadAll: async (call, page) => {
        const loaded = await store.loadAll(call, page)
        return page?.after === undefined ? loaded : { ...loaded, flags: new Map([...loaded.flags].slice(1)) }
      },
    }),
  },
  {
    that: 'repeats the last record of a page at the beginning of the next',
    fails: ALL,
    broken: (store) => {
      let last: readonly (readonly [string, never])[] = []
      return {
        loadAll: async (call, page) => {
          const loaded = await store.loadAll(call, page)
          const flags = new Map([...(page?.after === undefined ? [] : last), ...loaded.flags])
          last = [...loaded.flags].slice(-1) as never
          return { ...loaded, flags }
        },
      }
    },
  },
  {
    that: 'says of each page that it is as of the first one',
    fails: 'a page of all flags is as of its own snapshot',
    broken: (store) => {
      let first: { readonly asOf: number; readonly cursor: { readonly version: number; readonly id: string } } | undefined
      return {
        loadAll: async (call, page) => {
          const loaded = await store.loadAll(call, page)
          first ??= { asOf: loaded.asOf, cursor: loaded.cursor }
          return { ...loaded, ...first }
        },
      }
    },
  },
  {
    that: 'ends the log after its first page',
    fails: LOG,
    broken: (store) => ({
      changesSince: async (cursor, call, limit) => {
        const page = await store.changesSince(cursor, call, limit)
        return page.kind === 'changes' ? { ...page, more: false } : page
      },
    }),
  },
  {
    that: 'says that a page of the log ends at the clock',
    fails: LOG,
    broken: (store) => ({
      changesSince: async (cursor, call, limit) => {
        const page = await store.changesSince(cursor, call, limit)
        return page.kind === 'changes' && page.more ? { ...page, cursor: (await store.head()).cursor } : page
      },
    }),
  },
  {
    that: 'leaves out what was deleted since',
    fails: 'the pages of the log have also what changes, and goes, while they are read',
    broken: (store) => ({
      changesSince: async (cursor, call, limit) => {
        const page = await store.changesSince(cursor, call, limit)
        return page.kind === 'changes' ? { ...page, changed: page.changed.filter(({ flag }) => flag !== null) } : page
      },
    }),
  },
]

describe('the suite of stores catches a store that, in pages,', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
