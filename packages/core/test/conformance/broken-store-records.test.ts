import { describe, expect, test } from 'vitest'
import type { Change, FlagPatch, Loaded, LoadedRecord, NewFlag } from '../../src/contracts/index.ts'
import type { FlagsError } from '../../src/errors/flags-error.ts'
import { assertNoCycle } from '../../src/validate/prerequisite-cycle.ts'
import { caught, type StoreDefect } from './broken-stores.ts'
import type { WatchedStore } from './forwarding.ts'

/** The loaded records as `seen` makes them. */
function through(loaded: Loaded, seen: (record: LoadedRecord, key: string) => LoadedRecord): Loaded {
  return { ...loaded, flags: new Map([...loaded.flags].map(([key, record]) => [key, seen(record, key)])) }
}

/** A refused cycle counts as done, where `isFine` says so. */
async function lenient(store: WatchedStore, name: string, write: () => Promise<Change>, isFine: () => Promise<boolean>): Promise<Change> {
  const fine = await isFine()
  try {
    return await write()
  } catch (error) {
    if ((error as FlagsError).code !== 'PREREQUISITE_CYCLE' || !fine) throw error
    return (await store.history(name))[0] as Change
  }
}

const isSegment = (key: string): boolean => key.startsWith('segment:')

/** Rules, prerequisites. */
const OF_FLAGS: readonly StoreDefect[] = [
  {
    that: 'knows no rules',
    fails: 'rules, variants, prerequisites, ramp and bucketBy come back as they were written',
    broken: (store) => ({ create: ({ rules: _, ...flag }: NewFlag, meta) => store.create(flag, meta) }),
  },
  {
    that: 'knows no bucketBy',
    fails: 'rules, variants, prerequisites, ramp and bucketBy come back as they were written',
    broken: (store) => ({ create: ({ bucketBy: _, ...flag }: NewFlag, meta) => store.create(flag, meta) }),
  },
  {
    that: 'keeps the rules that a patch removes',
    fails: 'a patch replaces each of them whole, and null removes it',
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
      return { load: async (names) => through(await store.load(names), rounded) }
    },
  },
  {
    that: 'refuses a flag whose required flag is not there',
    fails: 'a flag may require flags that are there and flags that are not',
    broken: (store) => ({
      create: async (flag, meta) => {
        const { flags } = await store.load([flag.name, ...(flag.requires ?? []).map((required) => required.flag)])
        for (const required of flag.requires ?? []) if (flags.get(required.flag) === null) throw new Error('not there')
        return store.create(flag, meta)
      },
    }),
  },
  {
    that: 'lets a flag require itself by way of another',
    fails: 'two flags that would require each other are refused, with the path',
    broken: (store) => ({
      update: (name, patch, meta) =>
        lenient(
          store,
          name,
          () => store.update(name, patch, meta),
          async () => true,
        ),
    }),
  },
  {
    that: 'looks for a cycle only where a flag is updated',
    fails: 'a flag whose coming would close a cycle is refused',
    broken: (store) => ({
      create: (flag, meta) =>
        lenient(
          store,
          'a',
          () => store.create(flag, meta),
          async () => true,
        ),
    }),
  },
  {
    that: 'looks for a cycle before it has the lock',
    fails: 'of writers who would close a cycle together, one is refused',
    broken: (store) => ({
      update: (name, patch, meta) =>
        lenient(
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
    fails: 'flags that require one flag by several ways are no cycle',
    broken: (store) => ({
      create: async (flag, meta) => {
        const { flags } = await store.loadAll()
        const below = (flag.requires ?? []).flatMap((each) => [
          each,
          ...((flags.get(each.flag) as NewFlag | null | undefined)?.requires ?? []),
        ])
        if (new Set(below.map((each) => each.flag)).size < below.length) throw new Error('a cycle')
        return store.create(flag, meta)
      },
    }),
  },
]

const OF_SEGMENTS: readonly StoreDefect[] = [
  {
    that: 'calls segments by their bare names',
    fails: 'a segment comes back as it was written, under its key',
    broken: ({ segments }) => ({
      segments: { ...segments, create: async (segment, meta) => ({ ...(await segments.create(segment, meta)), flag: segment.name }) },
    }),
  },
  {
    that: 'counts segments by a clock of their own',
    fails: 'versions rise over flags and segments together',
    broken: ({ segments }) => {
      let version = 0
      return { segments: { ...segments, update: async (...args) => ({ ...(await segments.update(...args)), version: ++version }) } }
    },
  },
  {
    that: 'finds a segment where a flag is asked for',
    fails: 'a flag and a segment of one name are two things',
    broken: (store) => ({
      load: async (names) => {
        const [loaded, all] = [await store.load(names), await store.loadAll()]
        return through(loaded, (record, key) => record ?? all.flags.get(`segment:${key}`) ?? null)
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
    fails: 'a load takes flags and segments as they come',
    broken: (store) => ({
      loadAll: async () => {
        const all = await store.loadAll()
        return { ...all, flags: new Map([...all.flags].filter(([key]) => !isSegment(key))) }
      },
    }),
  },
  {
    that: 'leaves segments out of the log',
    fails: 'the log tells segments by their keys, among the flags',
    broken: (store) => ({
      changesSince: async (cursor) => {
        const answer = await store.changesSince(cursor)
        return answer.kind === 'lost' ? answer : { ...answer, changed: answer.changed.filter(({ name }) => !isSegment(name)) }
      },
    }),
  },
  {
    that: 'tells segments as flags to who watches',
    fails: 'a watcher hears of segments by their keys',
    broken: (store) => ({
      watch: (listener) =>
        store.watch({ ...listener, onHint: ({ name, version }) => listener.onHint({ name: name.replace('segment:', ''), version }) }),
    }),
  },
  {
    that: 'has no history of segments',
    fails: 'the history of a segment holds its changes as they were answered, newest first, in pages',
    broken: (store) => ({ history: async (name, page) => (isSegment(name) ? [] : store.history(name, page)) }),
  },
  {
    that: 'keeps a thousand members',
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
    fails: 'of many who create one segment at once, one wins',
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
