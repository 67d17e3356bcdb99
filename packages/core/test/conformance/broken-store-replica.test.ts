import { describe, expect, test } from 'vitest'
import type { LoadedRecord } from '../../src/contracts/index.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

const DEFECTS: readonly StoreDefect[] = [
  {
    that: 'has no replica, though its harness skips no case',
    fails: 'a replica catches up with each change',
    broken: () => ({}),
  },
  {
    that: 'has a replica of another store',
    fails: 'a replica is of the same store, and never ahead of it',
    broken: (store) => ({ loadFromReplica: async (names) => ({ ...(await store.load(names)), storeId: 'another' }) }),
  },
  {
    that: 'has a replica that is ahead of it',
    fails: 'a replica is of the same store, and never ahead of it',
    broken: (store) => ({
      loadFromReplica: async (names) => {
        const loaded = await store.load(names)
        return { ...loaded, asOf: loaded.asOf + 1 }
      },
    }),
  },
  {
    that: 'has a replica that leaves absent names out',
    fails: 'a replica answers each name that was asked for once, and no other',
    broken: (store) => ({
      loadFromReplica: async (names) => {
        const loaded = await store.load(names)
        return { ...loaded, flags: new Map([...loaded.flags].filter(([, flag]) => flag !== null)) }
      },
    }),
  },
  {
    that: 'has a replica that never catches up',
    fails: 'a replica catches up with each change',
    broken: (store) => {
      const first = store.loadAll()
      return {
        loadFromReplica: async (names) => ({ ...(await first), flags: new Map(names.map((name) => [name, null])) }),
      }
    },
  },
  {
    that: 'gives the answers of its replica the clock of the primary',
    fails: 'a replica answers each flag as it was at its "as of", however far it lags',
    broken: (store) => {
      let copied = store.loadAll()
      return {
        loadFromReplica: async (names) => {
          const { flags } = await copied
          copied = store.loadAll()
          const { storeId, cursor } = await store.head()
          return { storeId, asOf: cursor.version, flags: new Map(names.map((name) => [name, flags.get(name) ?? null])) }
        },
      }
    },
  },
  {
    that: 'has a replica that still lists deleted keys',
    fails: 'all records of a replica are those that existed at its "as of", segments too, and none that was deleted',
    broken: (store) => {
      return {
        loadAllFromReplica: async () => {
          const loaded = await store.loadAll()
          const names = (await store.history('a')).map(({ flag }): [string, LoadedRecord] => [flag, null])
          return { ...loaded, flags: new Map([...names, ...loaded.flags]) }
        },
      }
    },
  },
  {
    that: 'has a replica without segments',
    fails: 'all records of a replica are those that existed at its "as of", segments too, and none that was deleted',
    broken: (store) => ({
      loadAllFromReplica: async () => {
        const loaded = await store.loadAll()
        return { ...loaded, flags: new Map([...loaded.flags].filter(([key]) => !key.startsWith('segment:'))) }
      },
    }),
  },
  {
    that: 'has a replica that throws another error than a FlagsError',
    fails: 'a call to a replica whose signal is aborted settles, with a FlagsError where it fails, and the replica goes on',
    broken: (store) => ({
      loadFromReplica: async (names, call) => {
        if (call?.signal?.aborted) throw new Error('aborted')
        return await store.load(names)
      },
    }),
  },
]

describe('the suite of the store catches a store that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
