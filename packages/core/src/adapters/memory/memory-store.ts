import { randomUUID } from 'node:crypto'
import type {
  Call,
  Change,
  ChangeMeta,
  Changes,
  ChangesPage,
  ChannelListener,
  Clock,
  Cursor,
  FlagPatch,
  FlagRecord,
  FlagStore,
  FlagUse,
  FlagUses,
  Head,
  HistoryPage,
  Loaded,
  LoadedAll,
  LoadPage,
  LoggedChanges,
  NewFlag,
  NewSegment,
  Operation,
  SegmentRecord,
  SegmentStore,
  StoredRecord,
  Unsubscribe,
} from '../../contracts/index.ts'
import { systemClock } from '../../layers/system-clock.ts'
import { checkNewFlag } from '../../validate/check-flag.ts'
import { checkNewSegment } from '../../validate/check-segment.ts'
import { contentOf, type FlagContent, patched } from '../../validate/flag-content.ts'
import { assertNoCycle } from '../../validate/prerequisite-cycle.ts'
import { patchedSegment, type SegmentContent, segmentContentOf } from '../../validate/segment-content.ts'
import { segmentKey, segmentNameOf } from '../../validate/segment-key.ts'
import { legalRecord } from '../../validate/stored-record.ts'
import { alreadyExists, assertExpected, doesNotExist } from '../../validate/write-refusals.ts'
import { ChangeLog } from './change-log.ts'
import { frozenCopy } from './frozen-copy.ts'
import { HintBroadcast } from './hint-broadcast.ts'
import { NEXT_MICROTASK } from './next-microtask.ts'
import { RecordedUses } from './recorded-uses.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

export interface MemoryStoreOptions {
  /** Dates the changes. Default: the system's. */
  readonly clock?: Clock
  /** Segments to start with, created in this order, before the flags. Default: none. */
  readonly segments?: readonly NewSegment[]
  /** Flags to start with, created in this order. Default: none. */
  readonly flags?: readonly NewFlag[]
}

/**
 * A store in this process's memory: for unit tests, and for apps whose flags come from their code. It fulfils the whole contract, so what
 * works on it works on PostgreSQL. It stores and returns deeply frozen copies.
 *
 * Several clients may share one: `close()` ends nothing, as the store opens nothing. Two stores share nothing. Throws where one of
 * `options.segments` and `options.flags` cannot be created: `INVALID_NAME`, `INVALID_FLAG`, `FLAG_EXISTS`, `SEGMENT_EXISTS` or
 * `PREREQUISITE_CYCLE`. Patterns are not checked then, as their library is loaded when a flag is first used: a condition whose pattern it refuses
 * is never met, and is reported to `onError`.
 */
export function memoryStore(options: MemoryStoreOptions = {}): FlagStore {
  return new MemoryStore(options)
}

class MemoryStore implements FlagStore {
  readonly segments: SegmentStore = {
    create: (segment, meta) => this.#createSegment(segment, meta),
    update: (name, patch, meta) =>
      this.#update(segmentKey(name), patch, meta, (before, changed) => patchedSegment(before as SegmentRecord, changed)),
    delete: (name, meta) => this.#delete(segmentKey(name), meta),
  }
  readonly #clock: Clock
  readonly #storeId = randomUUID()
  /** Flags and segments by their keys. */
  readonly #records = new Map<string, StoredRecord>()
  readonly #log = new ChangeLog()
  readonly #hints = new HintBroadcast()
  readonly #uses = new RecordedUses()

  constructor({ clock = systemClock, segments = [], flags = [] }: MemoryStoreOptions) {
    this.#clock = clock
    for (const segment of segments) {
      const content = frozenCopy(segmentContentOf(checkNewSegment(segment)))
      this.#create(segmentKey(content.name), content, {})
    }
    for (const flag of flags) {
      const content = frozenCopy(contentOf(checkNewFlag(flag)))
      this.#create(content.name, content, {})
    }
  }

  async head(): Promise<Head> {
    await NEXT_MICROTASK
    return { storeId: this.#storeId, cursor: this.#log.head }
  }

  async load(names: readonly string[]): Promise<Loaded> {
    const wanted = [...names]
    await NEXT_MICROTASK
    const flags = new Map(wanted.map((name) => [name, this.#records.get(name) ?? null]))
    return { storeId: this.#storeId, asOf: this.#log.head.version, flags }
  }

  async loadAll(_?: Call, page?: LoadPage): Promise<LoadedAll> {
    await NEXT_MICROTASK
    const cursor = this.#log.head
    const answer = { storeId: this.#storeId, asOf: cursor.version, cursor }
    if (page === undefined) return { ...answer, flags: new Map(this.#records) }
    const { limit, after = '' } = page
    const rest = [...this.#records].filter(([key]) => key > after).sort(([one], [other]) => (one < other ? -1 : 1))
    const last = rest[limit - 1]
    const next = rest.length > limit && last !== undefined ? { next: last[0] } : {}
    return { ...answer, flags: new Map(rest.slice(0, limit)), ...next }
  }

  async changesSince(cursor: Cursor, _?: Call, limit: number = Number.POSITIVE_INFINITY): Promise<Changes> {
    const from = { version: cursor.version, id: cursor.id }
    await NEXT_MICROTASK
    const since = this.#log.since(from, limit)
    const storeId = this.#storeId
    if ('lost' in since) return { kind: 'lost', cursor: this.#log.head, why: since.lost, storeId }
    const changed = [...since.latest].map(([name, version]) => ({ name, version, flag: this.#records.get(name) ?? null }))
    return { kind: 'changes', cursor: since.cursor, changed, storeId, ...(since.more && { more: true }) }
  }

  async create(flag: NewFlag, meta: ChangeMeta = {}): Promise<Change> {
    const [content, metaCopy] = frozenCopy([contentOf(flag), meta] as const)
    await NEXT_MICROTASK
    return this.#create(content.name, content, metaCopy)
  }

  async update(name: string, patch: FlagPatch, meta?: ChangeMeta): Promise<Change> {
    return this.#update(flagKey(name), patch, meta, (before, changed) => patched(before as FlagRecord, changed))
  }

  async delete(name: string, meta?: ChangeMeta): Promise<Change> {
    return this.#delete(flagKey(name), meta)
  }

  async changes({ limit, after, records = true }: ChangesPage = {}): Promise<LoggedChanges> {
    const from = after && { ...after }
    await NEXT_MICROTASK
    const page = this.#log.page(limit, from)
    if (records || page.kind === 'lost') return page
    return { ...page, changes: page.changes.map((change) => ({ ...change, before: null, after: null })) }
  }

  async history(name: string, page: HistoryPage = {}): Promise<readonly Change[]> {
    const wanted = { ...page }
    await NEXT_MICROTASK
    return this.#log.history(name, wanted)
  }

  async prune(olderThanDays: number): Promise<number> {
    await NEXT_MICROTASK
    this.#uses.prune((flag) => this.#records.has(flag))
    return this.#log.prune(this.#clock.now() - olderThanDays * DAY_MS)
  }

  async noteUses(uses: readonly FlagUse[]): Promise<void> {
    const noted = frozenCopy(uses)
    await NEXT_MICROTASK
    for (const use of noted) if (this.#records.has(use.flag)) this.#uses.note(use, this.#clock.now())
  }

  async lastUses(): Promise<FlagUses> {
    await NEXT_MICROTASK
    return frozenCopy(this.#uses.all)
  }

  async watch(listener: ChannelListener): Promise<Unsubscribe> {
    await NEXT_MICROTASK
    return this.#hints.subscribe(listener, () => true)
  }

  async close(): Promise<void> {}

  async #createSegment(segment: NewSegment, meta: ChangeMeta = {}): Promise<Change> {
    const [content, metaCopy] = frozenCopy([segmentContentOf(segment), meta] as const)
    await NEXT_MICROTASK
    return this.#create(segmentKey(content.name), content, metaCopy)
  }

  async #update<P extends object>(
    key: string,
    patch: P,
    meta: ChangeMeta = {},
    contentAfter: (before: StoredRecord, patch: P) => FlagContent | SegmentContent,
  ): Promise<Change> {
    const [patchCopy, metaCopy] = frozenCopy([patch, meta] as const)
    await NEXT_MICROTASK
    const before = this.#expect(key, metaCopy)
    const after = this.#stamped(key, contentAfter(before, patchCopy), before.createdAt)
    if ('requires' in patchCopy) this.#assertNoCycle(after)
    return this.#commit(key, 'update', before, after, metaCopy)
  }

  async #delete(key: string, meta: ChangeMeta = {}): Promise<Change> {
    const metaCopy = frozenCopy(meta)
    await NEXT_MICROTASK
    return this.#commit(key, 'delete', this.#expect(key, metaCopy), null, metaCopy)
  }

  #create(key: string, content: FlagContent | SegmentContent, meta: ChangeMeta): Change {
    const existing = this.#records.get(key)
    if (existing !== undefined) throw alreadyExists(key, existing.version)
    const after = this.#stamped(key, content)
    this.#assertNoCycle(after)
    return this.#commit(key, 'create', null, after, meta)
  }

  #expect(key: string, meta: ChangeMeta): StoredRecord {
    const record = this.#records.get(key)
    if (record === undefined) throw doesNotExist(key)
    assertExpected(key, record.version, meta)
    return record
  }

  #assertNoCycle(record: StoredRecord): void {
    if (!('requires' in record) || record.requires === undefined) return
    assertNoCycle(record.name, record.requires, (name) => (this.#records.get(name) as FlagRecord | undefined)?.requires)
  }

  /** The record as the next change stores it. */
  #stamped(key: string, content: FlagContent | SegmentContent, createdAt?: string): StoredRecord {
    const at = new Date(this.#clock.now()).toISOString()
    return legalRecord(key, { ...content, version: this.#log.head.version + 1, createdAt: createdAt ?? at, updatedAt: at })
  }

  #commit(key: string, operation: Operation, before: StoredRecord | null, after: StoredRecord | null, meta: ChangeMeta): Change {
    const version = this.#log.head.version + 1
    const at = after?.updatedAt ?? new Date(this.#clock.now()).toISOString()
    const { actor, reason } = meta
    const attribution = { ...(actor === undefined ? {} : { actor }), ...(reason === undefined ? {} : { reason }) }
    const change = frozenCopy<Change>({ version, id: randomUUID(), flag: key, operation, ...attribution, before, after, at })
    this.#log.append(change)
    if (after === null) this.#records.delete(key)
    else this.#records.set(key, change.after as StoredRecord)
    this.#hints.publish(this.#storeId, { name: key, version })
    return change
  }
}

/** Flags are kept beside segments: a flag's name must not reach a segment. */
function flagKey(name: string): string {
  if (segmentNameOf(name) !== undefined) throw doesNotExist(name)
  return name
}
