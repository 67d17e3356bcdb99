import { describe, expect, test } from 'vitest'
import type { Change, FlagPatch, Head } from '../../src/contracts/index.ts'
import { FlagsError } from '../../src/errors/flags-error.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

const VERSION_1 = (change: Change): Change => ({ ...change, version: 1 })

async function orInstead<T>(call: Promise<T>, instead: (error: FlagsError) => T | Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    return instead(error as FlagsError)
  }
}

const DEFECTS: readonly StoreDefect[] = [
  {
    that: 'gives a version out twice',
    fails: 'versions rise over all flags and are never given out twice, not even by a delete',
    broken: (store) => ({ create: async (...args) => VERSION_1(await store.create(...args)) }),
  },
  {
    that: 'gives concurrent writers one version',
    fails: 'concurrent writers get distinct versions',
    broken: (store) => ({ create: async (...args) => VERSION_1(await store.create(...args)) }),
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
    fails: 'load answers null for a flag that never was and for one that was deleted',
    broken: (store) => ({
      load: async (names) => {
        const loaded = await store.load(names)
        return { ...loaded, flags: new Map([...loaded.flags].filter(([, flag]) => flag !== null)) }
      },
    }),
  },
  {
    that: 'answers flags that nobody asked for',
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
    that: 'dates every load to the beginning',
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
    that: 'tells a flag once for each of its changes',
    fails: 'a flag that changed often is told once, with its latest version and its current record',
    broken: (store) => ({
      changesSince: async (cursor) => {
        const answer = await store.changesSince(cursor)
        return answer.kind === 'lost' ? answer : { ...answer, changed: [...answer.changed, ...answer.changed] }
      },
    }),
  },
  {
    that: 'moves the cursor where nothing is new',
    fails: 'with nothing new, nothing changed and the cursor is the one given',
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
    that: 'lets every racing update win',
    fails: 'of many who update from one expected version at once, one wins',
    broken: (store) => ({ update: (name, patch) => store.update(name, patch) }),
  },
  {
    that: 'keeps the versions of a conflict to itself',
    fails: 'a write that expects another version is refused with both versions and changes nothing',
    broken: (store) => ({
      update: (...args) =>
        orInstead(store.update(...args), (error) => {
          throw new FlagsError(error.code, error.message, { flag: args[0] })
        }),
    }),
  },
  {
    that: 'does not name the flag in its errors',
    fails: 'updating or deleting a flag that is not there is refused',
    broken: (store) => ({
      delete: (...args) =>
        orInstead(store.delete(...args), (error) => {
          throw new FlagsError(error.code, 'There is no such flag.', { flag: args[0] })
        }),
    }),
  },
  {
    that: 'throws what is no FlagsError',
    fails: 'updating or deleting a flag that is not there is refused',
    broken: (store) => ({
      delete: (...args) =>
        orInstead(store.delete(...args), () => {
          throw new Error('never')
        }),
    }),
  },
  {
    that: 'creates over what exists',
    fails: 'creating a flag that exists is refused and changes nothing',
    broken: (store) => ({
      create: (flag, meta) =>
        orInstead(store.create(flag, meta), async () => {
          await store.delete(flag.name)
          return store.create(flag, meta)
        }),
    }),
  },
  {
    that: 'takes no notice when a deleted flag is deleted',
    fails: 'of many who delete one flag at once, one wins',
    broken: (store) => ({
      delete: (name) => orInstead(store.delete(name), async () => (await store.history(name))[0] as Change),
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
    that: 'repairs an invalid patch in silence',
    fails: 'a patch that would leave the record invalid is refused and changes nothing',
    broken: (store) => ({ update: (name, patch) => orInstead(store.update(name, patch), () => store.update(name, { rollout: 100 })) }),
  },
  {
    that: 'drops the actor',
    fails: 'create answers the change: from nothing to the record',
    broken: (store) => ({ create: (flag) => store.create(flag) }),
  },
  {
    that: 'tells a history oldest first',
    fails: 'a history holds the changes as they were answered, newest first',
    broken: (store) => ({ history: async (...args) => [...(await store.history(...args))].reverse() }),
  },
  {
    that: 'knows no pages',
    fails: 'a page holds the newest changes below a version, 50 unless it says otherwise',
    broken: (store) => ({ history: (name) => store.history(name, { limit: 1_000 }) }),
  },
  {
    that: 'counts wrongly what it pruned',
    fails: 'prune drops what is older, never the newest entry, and answers how many',
    broken: (store) => ({ prune: async (days) => (await store.prune(days)) + 1 }),
  },
  {
    that: 'prunes what is younger',
    fails: 'prune drops nothing that is younger',
    broken: (store) => ({ prune: () => store.prune(0) }),
  },
  {
    that: 'cannot watch, and whose harness does not say so',
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
    that: 'goes on giving hints to who has unsubscribed',
    fails: 'who has unsubscribed hears nothing more, and may unsubscribe twice',
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
