import { describe, expect, test } from 'vitest'
import type { Change, FlagPatch, Loaded, LoadedRecord, NewFlag } from '../../src/contracts/index.ts'
import type { FlagsError } from '../../src/errors/flags-error.ts'
import { assertNoCycle } from '../../src/validate/prerequisite-cycle.ts'
import { caught, type StoreDefect } from './broken-stores.ts'
import type { WatchedStore } from './forwarding-adapters.ts'

/** `loaded` with each record changed. */
function mapRecords(loaded: Loaded, change: (record: LoadedRecord, key: string) => LoadedRecord): Loaded {
  return { ...loaded, flags: new Map([...loaded.flags].map(([key, record]) => [key, change(record, key)])) }
}

/** Writes, and answers as if a refused cycle had been written where `ignores` resolves with `true`. */
async function ignoringCycle(
  store: WatchedStore,
  name: string,
  write: () => Promise<Change>,
  ignores: () => Promise<boolean>,
): Promise<Change> {
  const ignored = await ignores()
  try {
    return await write()
  } catch (error) {
    if ((error as FlagsError).code !== 'PREREQUISITE_CYCLE' || !ignored) throw error
    return (await store.history(name))[0] as Change
  }
}

const isSegment = (key: string): boolean => key.startsWith('segment:')

/** Rules, prerequisites. */
const OF_FLAGS: readonly StoreDefect[] = [
  {
    that: 'drops rules',
    fails: 'rules, variants, prerequisites, ramp and bucketBy come back as they were written',
    broken: (store) => ({ create: ({ rules: _, ...flag }: NewFlag, meta) => store.create(flag, meta) }),
  },
  {
    that: 'drops bucketBy',
    fails: 'rules, variants, prerequisites, ramp and bucketBy come back as they were written',
    broken: (store) => ({ create: ({ bucketBy: _, ...flag }: NewFlag, meta) => store.create(flag, meta) }),
  },
  {
    that: 'keeps the rules that a patch removes',
    fails: 'a patch replaces each of these fields whole, and null removes it',
    broken: (store) => ({
      update: (name, { rules, ...patch }: FlagPatch, meta) => store.update(name, rules ? { ...patch, rules } : patch, meta),
    }),
  },
  {
    that: 'keeps numbers to fifteen digits',
    fails: 'a variant can have any JSON as its value',
    broken: (store) => {
      const rounded = (record: LoadedRecord): LoadedRecord =>
        JSON.parse(JSON.stringify(record), (_, value) => (typeof value === 'number' ? Number(value.toPrecision(15)) : value))
      return { load: async (names) => mapRecords(await store.load(names), rounded) }
    },
  },
  {
    that: 'refuses a flag whose required flag does not exist',
    fails: 'a flag may require flags that exist and flags that do not',
    broken: (store) => ({
      create: async (flag, meta) => {
        const { flags } = await store.load([flag.name, ...(flag.requires ?? []).map((required) => required.flag)])
        for (const required of flag.requires ?? []) if (flags.get(required.flag) === null) throw new Error('not there')
        return store.create(flag, meta)
      },
    }),
  },
  {
    that: 'lets a flag require itself through another',
    fails: 'two flags that would require each other are refused, with the path',
    broken: (store) => ({
      update: (name, patch, meta) =>
        ignoringCycle(
          store,
          name,
          () => store.update(name, patch, meta),
          async () => true,
        ),
    }),
  },
  {
    that: 'checks for a cycle only on an update',
    fails: 'a flag whose creation would close a cycle is refused',
    broken: (store) => ({
      create: (flag, meta) =>
        ignoringCycle(
          store,
          'a',
          () => store.create(flag, meta),
          async () => true,
        ),
    }),
  },
  {
    that: 'checks for a cycle before it has the lock',
    fails: 'where writers together would close a cycle, one is refused',
    broken: (store) => ({
      update: (name, patch, meta) =>
        ignoringCycle(
          store,
          name,
          () => store.update(name, patch, meta),
          async () => {
            const { flags } = await store.loadAll()
            const requiredBy = (flag: string) => (flags.get(flag) as NewFlag | null | undefined)?.requires
            try {
              assertNoCycle(name, patch.requires ?? [], requiredBy)
              return true
            } catch {
              return false
            }
          },
        ),
    }),
  },
  {
    that: 'refuses every flag that is reached twice',
    fails: 'flags that require one flag in several ways are no cycle',
    broken: (store) => ({
      create: async (flag, meta) => {
        const { flags } = await store.loadAll()
        const reached = (flag.requires ?? []).flatMap((each) => [
          each,
          ...((flags.get(each.flag) as NewFlag | null | undefined)?.requires ?? []),
        ])
        if (new Set(reached.map((each) => each.flag)).size < reached.length) throw new Error('a cycle')
        return store.create(flag, meta)
      },
    }),
  },
]

const OF_SEGMENTS: readonly StoreDefect[] = [
  {
    that: 'names segments by their bare names',
    fails: 'a segment comes back as it was written, under its key',
    broken: ({ segments }) => ({
      segments: { ...segments, create: async (segment, meta) => ({ ...(await segments.create(segment, meta)), flag: segment.name }) },
    }),
  },
  {
    that: 'gives segments versions of their own',
    fails: 'versions rise over flags and segments together',
    broken: ({ segments }) => {
      let version = 0
      return { segments: { ...segments, update: async (...args) => ({ ...(await segments.update(...args)), version: ++version }) } }
    },
  },
  {
    that: 'finds a segment where a flag is asked for',
    fails: 'a flag and a segment of one name are independent',
    broken: (store) => ({
      load: async (names) => {
        const [loaded, all] = [await store.load(names), await store.loadAll()]
        return mapRecords(loaded, (record, key) => record ?? all.flags.get(`segment:${key}`) ?? null)
      },
    }),
  },
  {
    that: 'reads segments in a statement of their own',
    fails: 'flags and segments of one load are of one snapshot',
    broken: (store) => ({
      load: async (names) => {
        const segments = await store.load(names.filter(isSegment))
        for (let turn = 0; turn < 4; turn += 1) await Promise.resolve()
        const flags = await store.load(names.filter((name) => !isSegment(name)))
        return { ...flags, flags: new Map([...segments.flags, ...flags.flags]) }
      },
    }),
  },
  {
    that: 'leaves segments out of loadAll',
    fails: 'a load takes flags and segments mixed',
    broken: (store) => ({
      loadAll: async () => {
        const all = await store.loadAll()
        return { ...all, flags: new Map([...all.flags].filter(([key]) => !isSegment(key))) }
      },
    }),
  },
  {
    that: 'leaves segments out of the log',
    fails: 'the log lists segments by their keys, among the flags',
    broken: (store) => ({
      changesSince: async (cursor) => {
        const answer = await store.changesSince(cursor)
        return answer.kind === 'lost' ? answer : { ...answer, changed: answer.changed.filter(({ name }) => !isSegment(name)) }
      },
    }),
  },
  {
    that: 'sends hints that name segments as flags',
    fails: 'a watcher hears of segments by their keys',
    broken: (store) => ({
      watch: (listener) =>
        store.watch({ ...listener, onHint: ({ name, version }) => listener.onHint({ name: name.replace('segment:', ''), version }) }),
    }),
  },
  {
    that: 'has no history of segments',
    fails: 'the history of a segment has its changes as their writes answered them, newest first, in pages',
    broken: (store) => ({ history: async (name, page) => (isSegment(name) ? [] : store.history(name, page)) }),
  },
  {
    that: 'keeps only a thousand members',
    fails: 'a segment can have 10,000 members',
    broken: ({ segments }) => ({
      segments: {
        ...segments,
        create: ({ members = [], ...segment }, meta) => segments.create({ ...segment, members: members.slice(0, 1_000) }, meta),
      },
    }),
  },
  {
    that: 'keeps each member once',
    fails: 'a segment comes back as it was written, under its key',
    broken: ({ segments }) => ({
      segments: {
        ...segments,
        create: ({ members = [], ...rest }, meta) => segments.create({ ...rest, members: [...new Set(members)] }, meta),
      },
    }),
  },
  {
    that: 'ignores the expected version of a segment',
    fails: 'a write of a segment that expects another version is refused with both versions',
    broken: ({ segments }) => ({ segments: { ...segments, update: (name, patch) => segments.update(name, patch) } }),
  },
  {
    that: 'creates over a segment that exists',
    fails: 'where many create one segment at once, one succeeds',
    broken: ({ segments }) => ({
      segments: {
        ...segments,
        create: async ({ name, ...patch }, meta) =>
          segments.create({ name, ...patch }, meta).catch(() => segments.update(name, patch, meta)),
      },
    }),
  },
  {
    that: 'deletes a flag where a segment is meant',
    fails: 'creating a segment that exists, and writing one that does not, is refused',
    broken: (store) => ({ segments: { ...store.segments, delete: (name) => store.delete(name) } }),
  },
]

describe('the suite of the store catches a store that', () => {
  test.each([...OF_FLAGS, ...OF_SEGMENTS])('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
