import { describe, expect, test } from 'vitest'
import { memoryCache } from '../../src/adapters/memory/memory-cache.ts'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import { type CacheEntryKey, cacheCases, storeCases } from '../../src/conformance/index.ts'
import type { CacheFill, CacheRead, CacheWant, FlagCache, FlagStore, LoadedRecord } from '../../src/contracts/index.ts'
import { FlagsError } from '../../src/errors/flags-error.ts'
import { parseDecision, parseRecord } from '../../src/validate/check-flag.ts'
import { parseStored } from '../../src/validate/stored-record.ts'
import { forwardingCache, forwardingStore } from './forwarding-adapters.ts'
import { runFailingCase } from './run-failing-case.ts'

// No other program can write to the memory adapters. These doubles can be written to: a correct adapter must pass the cases that need it.

function rewindableStore(): { readonly store: FlagStore; rewind(): Promise<void> } {
  let inner = memoryStore()
  const store: FlagStore = {
    ...forwardingStore(inner),
    head: async () => ({ ...(await inner.head()), storeId: 'restored' }),
    loadAll: async () => ({ ...(await inner.loadAll()), storeId: 'restored' }),
    changesSince: async (cursor) => ({ ...(await inner.changesSince(cursor)), storeId: 'restored' }),
    create: (flag) => inner.create(flag),
  }
  return {
    store,
    rewind: async () => {
      inner = memoryStore()
    },
  }
}

function overwritableStore(): {
  readonly inner: FlagStore
  readonly store: FlagStore
  overwrite(name: string, fields: object): Promise<void>
} {
  const inner = forwardingStore(memoryStore())
  const overwritten = new Map<string, object>()
  const asOverwritten = (name: string, flag: LoadedRecord): LoadedRecord => {
    const fields = overwritten.get(name)
    return flag === null || fields === undefined ? flag : parseStored(name, { ...flag, ...fields })
  }
  const store: FlagStore = {
    ...inner,
    load: async (names) => {
      const loaded = await inner.load(names)
      return { ...loaded, flags: new Map([...loaded.flags].map(([name, flag]) => [name, asOverwritten(name, flag)])) }
    },
    loadAll: async () => {
      const loaded = await inner.loadAll()
      return { ...loaded, flags: new Map([...loaded.flags].map(([name, flag]) => [name, asOverwritten(name, flag)])) }
    },
    changesSince: async (cursor) => {
      const answer = await inner.changesSince(cursor)
      if (answer.kind === 'lost') return answer
      return { ...answer, changed: answer.changed.map((change) => ({ ...change, flag: asOverwritten(change.name, change.flag) })) }
    },
    update: async (name) => {
      throw (await store.load([name])).flags.get(name)
    },
    delete: async (name) => {
      const change = await inner.delete(name)
      return { ...change, before: asOverwritten(name, change.before) }
    },
    segments: {
      ...inner.segments,
      update: async (name) => {
        throw (await store.load([`segment:${name}`])).flags.get(`segment:${name}`)
      },
      delete: async (name) => {
        const change = await inner.segments.delete(name)
        return { ...change, before: asOverwritten(change.flag, change.before) }
      },
    },
  }
  return { inner, store, overwrite: async (name, fields) => void overwritten.set(name, fields) }
}

/** Its replica answers what the store had at the replica's previous read. */
function replicatedStore(inner: FlagStore): FlagStore {
  let copied = inner.loadAll()
  return {
    ...forwardingStore(inner),
    loadFromReplica: async (names) => {
      const { storeId, asOf, flags } = await copied
      copied = inner.loadAll()
      return { storeId, asOf, flags: new Map(names.map((name) => [name, flags.get(name) ?? null])) }
    },
    loadAllFromReplica: async () => {
      const all = await copied
      copied = inner.loadAll()
      return all
    },
  }
}

function corruptibleCache(): { readonly cache: FlagCache; corrupt(entry: CacheEntryKey, value: string): Promise<void> } {
  const inner = forwardingCache(memoryCache())
  const corrupted = new Map<string, string>()
  const reported = new Set<string>()
  let report: ((error: FlagsError) => void) | undefined
  const keyOf = (entry: CacheEntryKey): string => JSON.stringify([entry.kind, entry.name, 'targetingKey' in entry && entry.targetingKey])
  const error = (name: string): FlagsError => new FlagsError('PARSE_ERROR', `Flag ${name} is cached wrongly.`, { flag: name })
  const usable = (entry: CacheEntryKey): boolean => {
    const text = corrupted.get(keyOf(entry))
    if (text === undefined) return true
    let parsed: unknown
    try {
      const json = JSON.parse(text)
      parsed =
        entry.kind === 'flag'
          ? parseRecord(entry.name, json)
          : entry.kind === 'endpoint' && parseDecision(entry.name, entry.targetingKey, json)
    } catch {
      parsed = false
    }
    if (!reported.has(keyOf(entry))) report?.(error(entry.name))
    reported.add(keyOf(entry))
    return parsed !== false && !(parsed instanceof FlagsError)
  }
  const asOverwritten = ({ flag, decision, ...read }: CacheRead, { name, decision: requested }: CacheWant): CacheRead => ({
    ...read,
    ...(flag && usable({ name, kind: 'flag' }) && { flag }),
    ...(decision && requested && usable({ name, ...requested }) && { decision }),
  })
  const repaired = ({ name, flag, decision }: CacheFill): void => {
    if (flag) corrupted.delete(keyOf({ name, kind: 'flag' }))
    if (decision) corrupted.delete(keyOf({ name, kind: decision.kind, targetingKey: decision.targetingKey }))
  }
  const cache: FlagCache = {
    ...inner,
    open: (storeId, listener) => {
      report = listener
      return inner.open(storeId, listener)
    },
    read: async (requested) => (await inner.read(requested)).map((read, index) => asOverwritten(read, requested[index] as CacheWant)),
    fill: (fills) => {
      fills.forEach(repaired)
      return inner.fill(fills)
    },
  }
  return { cache, corrupt: async (entry, value) => void corrupted.set(keyOf(entry), value) }
}

const rewinding = storeCases({
  async open() {
    const { store, rewind } = rewindableStore()
    return { store, rewind, peer: async () => store, end: async () => {} }
  },
})
const overwriting = storeCases({
  async open() {
    const { store: inner, overwrite } = overwritableStore()
    const store = replicatedStore(inner)
    return { store, overwrite, peer: async () => store, end: async () => {} }
  },
})
const replicating = storeCases({
  async open() {
    const store = replicatedStore(memoryStore())
    return { store, peer: async () => store, end: async () => {} }
  },
})
const corrupting = cacheCases({
  async open() {
    const { cache, corrupt } = corruptibleCache()
    return { cache, corrupt, peer: async () => cache, end: async () => {} }
  },
})

describe('where the harness has the optional part, a correct adapter passes:', () => {
  const cases = [
    ...rewinding.filter(({ name }) => name.startsWith('a store that went back')),
    ...overwriting.filter(({ name }) =>
      /a (record|segment) (of a newer schema|that breaks|that this build cannot use)|unreadable rules/.test(name),
    ),
    ...replicating.filter(({ name }) => /^(a|a call to a|all records of a) replica/.test(name)),
    ...corrupting.filter(({ name }) => /corrupt|no legal record|a flag of a newer schema/.test(name)),
  ]
  expect(cases).toHaveLength(19)
  for (const { name, run } of cases) test(name, run)
})

describe('where the harness has the optional part, a broken adapter fails:', () => {
  const defects: readonly (readonly [string, readonly { readonly name: string; readonly run: () => Promise<void> }[]])[] = [
    [
      'the log lists a record of a newer schema as an error',
      storeCases({
        async open() {
          const { inner, store, overwrite } = overwritableStore()
          return { store: { ...store, changesSince: inner.changesSince }, overwrite, peer: async () => store, end: async () => {} }
        },
      }),
    ],
    [
      'a corrupt flag is a miss, is reported once, and is replaced by the next fill',
      cacheCases({
        async open() {
          const { cache, corrupt } = corruptibleCache()
          return { cache: { ...cache, open: (storeId) => cache.open(storeId) }, corrupt, peer: async () => cache, end: async () => {} }
        },
      }),
    ],
  ]
  test.each(defects)('%s', async (fails, cases) => {
    expect(await runFailingCase(cases, fails)).toBeInstanceOf(Error)
  })
})
