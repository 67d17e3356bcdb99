import { describe, expect, test } from 'vitest'
import type { Change, FlagPatch, Head } from '../../src/contracts/index.ts'
import { FlagsError } from '../../src/errors/flags-error.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

const withVersion1 = (change: Change): Change => ({ ...change, version: 1 })

async function orElse<T>(call: Promise<T>, fallback: (error: FlagsError) => T | Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    return fallback(error as FlagsError)
  }
}

const DEFECTS: readonly StoreDefect[] = [
  {
    that: 'gives a version out twice',
    fails: 'versions rise over all flags and are never given out twice, not even by a delete',
    broken: (store) => ({ create: async (...args) => withVersion1(await store.create(...args)) }),
  },
  {
    that: 'gives concurrent writers one version',
    fails: 'concurrent writers get distinct versions',
    broken: (store) => ({ create: async (...args) => withVersion1(await store.create(...args)) }),
  },
  {
    that: 'answers the head from a replica that lags',
    fails: 'the head moves with every change, to its version and its id',
    broken: (store) => {
      let seen: Head | undefined
      return {
        head: async () => {
          const answer = seen ?? (await store.head())
          seen = await store.head()
          return answer
        },
      }
    },
  },
  {
    that: 'leaves absent names out',
    fails: 'load answers null for a flag that never existed and for one that was deleted',
    broken: (store) => ({
      load: async (names) => {
        const loaded = await store.load(names)
        return { ...loaded, flags: new Map([...loaded.flags].filter(([, flag]) => flag !== null)) }
      },
    }),
  },
  {
    that: 'answers flags that were not asked for',
    fails: 'load answers each name that was asked for once, and no other',
    broken: (store) => ({
      load: async (names) => {
        const [loaded, all] = [await store.load(names), await store.loadAll()]
        return { ...loaded, flags: new Map([...all.flags, ...loaded.flags]) }
      },
    }),
  },
  {
    that: 'looks names up in a plain object',
    fails: 'every legal name is an ordinary name',
    broken: (store) => ({
      load: async (names) => {
        const loaded = await store.load(names)
        const plain: Record<string, unknown> = { ...Object.fromEntries([...loaded.flags].filter(([, flag]) => flag !== null)) }
        return { ...loaded, flags: new Map(names.map((name) => [name, (plain[name] ?? null) as never])) }
      },
    }),
  },
  {
    that: 'reads the clock after the flags',
    fails: 'a snapshot holds every change up to its clock, and none above',
    broken: (store) => ({
      loadAll: async () => {
        const all = await store.loadAll()
        for (let turn = 0; turn < 4; turn += 1) await Promise.resolve()
        return { ...all, asOf: (await store.head()).cursor.version }
      },
    }),
  },
  {
    that: 'answers every load as of version 0',
    fails: 'load and loadAll carry the clock of their snapshot',
    broken: (store) => ({ load: async (names) => ({ ...(await store.load(names)), asOf: 0 }) }),
  },
  {
    that: 'loses a change that committed late',
    fails: 'a cursor that polls while others write loses no change',
    broken: (store) => ({
      changesSince: async (cursor) => {
        const answer = await store.changesSince(cursor)
        return answer.kind === 'lost' ? answer : { ...answer, changed: answer.changed.slice(0, 1) }
      },
    }),
  },
  {
    that: 'lists a flag once for each of its changes',
    fails: 'a flag that changed often is listed once, with its latest version and its current record',
    broken: (store) => ({
      changesSince: async (cursor) => {
        const answer = await store.changesSince(cursor)
        return answer.kind === 'lost' ? answer : { ...answer, changed: [...answer.changed, ...answer.changed] }
      },
    }),
  },
  {
    that: 'moves the cursor where nothing is new',
    fails: 'where nothing is new, no flag is listed and the cursor is the one given',
    broken: (store) => ({
      changesSince: async (cursor) => {
        const answer = await store.changesSince(cursor)
        return { ...answer, cursor: { ...answer.cursor, version: answer.cursor.version + 1 } }
      },
    }),
  },
  ...(
    [
      ['pruned', 'a cursor that the log was pruned past is lost'],
      ['rewound', 'a cursor above the clock means that the store went back'],
      ['rewound', 'a cursor of another change at the same version means that the store went back'],
    ] as const
  ).map(
    ([why, fails]): StoreDefect => ({
      that: `never says that it was ${why}`,
      fails,
      broken: (store) => ({
        changesSince: async (cursor) => {
          const answer = await store.changesSince(cursor)
          return answer.kind === 'lost' && answer.why === why ? { kind: 'changes', cursor: answer.cursor, changed: [] } : answer
        },
      }),
    }),
  ),
  {
    that: 'ignores the expected version',
    fails: 'a write that expects another version is refused with both versions and changes nothing',
    broken: (store) => ({ update: (name, patch) => store.update(name, patch) }),
  },
  {
    that: 'lets every racing update succeed',
    fails: 'where many update from one expected version at once, one succeeds',
    broken: (store) => ({ update: (name, patch) => store.update(name, patch) }),
  },
  {
    that: 'omits the versions of a conflict',
    fails: 'a write that expects another version is refused with both versions and changes nothing',
    broken: (store) => ({
      update: (...args) =>
        orElse(store.update(...args), (error) => {
          throw new FlagsError(error.code, error.message, { flag: args[0] })
        }),
    }),
  },
  {
    that: 'does not name the flag in its errors',
    fails: 'updating or deleting a flag that does not exist is refused',
    broken: (store) => ({
      delete: (...args) =>
        orElse(store.delete(...args), (error) => {
          throw new FlagsError(error.code, 'There is no such flag.', { flag: args[0] })
        }),
    }),
  },
  {
    that: 'throws another error than a FlagsError',
    fails: 'updating or deleting a flag that does not exist is refused',
    broken: (store) => ({
      delete: (...args) =>
        orElse(store.delete(...args), () => {
          throw new Error('never')
        }),
    }),
  },
  {
    that: 'creates over an existing flag',
    fails: 'creating a flag that exists is refused and changes nothing',
    broken: (store) => ({
      create: (flag, meta) =>
        orElse(store.create(flag, meta), async () => {
          await store.delete(flag.name)
          return store.create(flag, meta)
        }),
    }),
  },
  {
    that: 'accepts the delete of a deleted flag',
    fails: 'where many delete one flag at once, one succeeds',
    broken: (store) => ({
      delete: (name) => orElse(store.delete(name), async () => (await store.history(name))[0] as Change),
    }),
  },
  {
    that: 'keeps a field that a patch removes',
    fails: 'null in a patch removes an optional field',
    broken: (store) => ({
      update: (name, patch, meta) =>
        store.update(name, Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== null)) as FlagPatch, meta),
    }),
  },
  {
    that: 'silently repairs an invalid patch',
    fails: 'a patch that would leave the record invalid is refused and changes nothing',
    broken: (store) => ({ update: (name, patch) => orElse(store.update(name, patch), () => store.update(name, { rollout: 100 })) }),
  },
  {
    that: 'drops the actor',
    fails: 'create answers the change: from nothing to the record',
    broken: (store) => ({ create: (flag) => store.create(flag) }),
  },
  {
    that: 'answers a history oldest first',
    fails: 'a history has the changes as their writes answered them, newest first',
    broken: (store) => ({ history: async (...args) => [...(await store.history(...args))].reverse() }),
  },
  {
    that: 'ignores the page',
    fails: 'a page holds the newest changes below a version, 50 by default',
    broken: (store) => ({ history: (name) => store.history(name, { limit: 1_000 }) }),
  },
  {
    that: 'miscounts what it pruned',
    fails: 'prune drops older entries, never the newest one, and answers how many',
    broken: (store) => ({ prune: async (days) => (await store.prune(days)) + 1 }),
  },
  {
    that: 'prunes younger entries',
    fails: 'prune drops no younger entry',
    broken: (store) => ({ prune: () => store.prune(0) }),
  },
  {
    that: 'cannot watch, though its harness skips no case',
    fails: 'a watcher is told to resync once it is subscribed',
    broken: () => ({ watch: undefined as never }),
  },
  {
    that: 'does not say when a watcher has to resync',
    fails: 'a watcher is told to resync once it is subscribed',
    broken: (store) => ({ watch: (listener) => store.watch({ ...listener, onHint: listener.onHint, onResync: () => {} }) }),
  },
  {
    that: 'gives no hint of a delete',
    fails: "a watcher hears of each of a peer's changes",
    broken: (store) => {
      const deleted = new Set<number>()
      return {
        delete: async (...args) => {
          deleted.add((await store.head()).cursor.version + 1)
          return store.delete(...args)
        },
        watch: (listener) =>
          store.watch({ ...listener, onHint: (hint) => (deleted.has(hint.version) ? undefined : listener.onHint(hint)) }),
      }
    },
  },
  {
    that: 'keeps sending hints after unsubscribing',
    fails: 'a watcher that has unsubscribed gets no more hints, and may unsubscribe twice',
    broken: (store) => ({
      watch: async (listener) => {
        await store.watch(listener)
        return async () => {}
      },
    }),
  },
]

describe('the suite of the store catches a store that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
