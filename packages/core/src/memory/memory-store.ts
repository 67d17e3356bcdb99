import { randomUUID } from 'node:crypto'
import type {
  Change,
  ChangeMeta,
  Changes,
  ChannelListener,
  Clock,
  Cursor,
  FlagPatch,
  FlagRecord,
  FlagStore,
  Head,
  HistoryPage,
  Loaded,
  NewFlag,
  Operation,
  Unsubscribe,
} from '../contracts/index.ts'
import { FlagsError } from '../errors.ts'
import { systemClock } from '../system-clock.ts'
import { contentOf, type FlagContent, patched } from '../validate/flag-content.ts'
import { checkNewFlag, parseRecord } from '../validate/validate.ts'
import { ChangeLog } from './change-log.ts'
import { frozenCopy } from './frozen-copy.ts'
import { HintBoard } from './hint-board.ts'
import { TURN } from './turn.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

export interface MemoryStoreOptions {
  /** Dates the changes. Default: the system's. */
  readonly clock?: Clock
  /** Flags that are there from the start, created in this order. Default: none. */
  readonly flags?: readonly NewFlag[]
}

/**
 * A store in this process's memory: for unit tests, and for apps whose flags come from their code. It keeps the whole contract, so what
 * works on it works on PostgreSQL. What it takes and gives is a deeply frozen copy.
 *
 * Several clients may share one: `close()` ends nothing, as the store opens nothing. Two stores share nothing. Throws `INVALID_NAME`,
 * `INVALID_FLAG` or `FLAG_EXISTS` where `options.flags` has a flag that cannot be created.
 */
export function memoryStore(options: MemoryStoreOptions = {}): FlagStore {
  return new MemoryStore(options)
}

class MemoryStore implements FlagStore {
  readonly #clock: Clock
  readonly #storeId = randomUUID()
  readonly #flags = new Map<string, FlagRecord>()
  readonly #log = new ChangeLog()
  readonly #hints = new HintBoard()

  constructor({ clock = systemClock, flags = [] }: MemoryStoreOptions) {
    this.#clock = clock
    for (const flag of flags) this.#create(frozenCopy(contentOf(checkNewFlag(flag))), {})
  }

  async head(): Promise<Head> {
    await TURN
    return { storeId: this.#storeId, cursor: this.#log.head }
  }

  async load(names: readonly string[]): Promise<Loaded> {
    const wanted = [...names]
    await TURN
    const flags = new Map(wanted.map((name) => [name, this.#flags.get(name) ?? null]))
    return { storeId: this.#storeId, asOf: this.#log.head.version, flags }
  }

  async loadAll(): Promise<Loaded & { readonly cursor: Cursor }> {
    await TURN
    const cursor = this.#log.head
    return { storeId: this.#storeId, asOf: cursor.version, flags: new Map(this.#flags), cursor }
  }

  async changesSince(cursor: Cursor): Promise<Changes> {
    const from = { version: cursor.version, id: cursor.id }
    await TURN
    const since = this.#log.since(from)
    if ('lost' in since) return { kind: 'lost', cursor: this.#log.head, why: since.lost }
    const changed = [...since.latest].map(([name, version]) => ({ name, version, flag: this.#flags.get(name) ?? null }))
    return { kind: 'changes', cursor: this.#log.head, changed }
  }

  async create(flag: NewFlag, meta: ChangeMeta = {}): Promise<Change> {
    const [content, said] = frozenCopy([contentOf(flag), meta] as const)
    await TURN
    return this.#create(content, said)
  }

  async update(name: string, patch: FlagPatch, meta: ChangeMeta = {}): Promise<Change> {
    const [change, said] = frozenCopy([patch, meta] as const)
    await TURN
    const before = this.#expect(name, said)
    return this.#commit(name, 'update', before, patched(before, change), said)
  }

  async delete(name: string, meta: ChangeMeta = {}): Promise<Change> {
    const said = frozenCopy(meta)
    await TURN
    return this.#commit(name, 'delete', this.#expect(name, said), null, said)
  }

  async history(name: string, page: HistoryPage = {}): Promise<readonly Change[]> {
    const wanted = { ...page }
    await TURN
    return this.#log.history(name, wanted)
  }

  async prune(olderThanDays: number): Promise<number> {
    await TURN
    return this.#log.prune(this.#clock.now() - olderThanDays * DAY_MS)
  }

  async watch(listener: ChannelListener): Promise<Unsubscribe> {
    await TURN
    return this.#hints.subscribe(listener, () => true)
  }

  async close(): Promise<void> {}

  #create(content: FlagContent, meta: ChangeMeta): Change {
    const { name } = content
    const existing = this.#flags.get(name)
    if (existing !== undefined) {
      throw new FlagsError('FLAG_EXISTS', `Flag ${name} exists already, at version ${existing.version}. Update it, or delete it first.`, {
        flag: name,
      })
    }
    return this.#commit(name, 'create', null, content, meta)
  }

  #expect(name: string, { expectedVersion: expected }: ChangeMeta): FlagRecord {
    const record = this.#flags.get(name)
    if (record === undefined) {
      throw new FlagsError('FLAG_NOT_FOUND', `Flag ${name} does not exist. Create it first, or check its name.`, { flag: name })
    }
    const actual = record.version
    if (expected === undefined || expected === actual) return record
    throw new FlagsError(
      'VERSION_CONFLICT',
      `Flag ${name} is at version ${actual}, not at ${expected}: somebody changed it in between. Read it again, then decide.`,
      { flag: name, versions: { expected, actual } },
    )
  }

  #commit(name: string, operation: Operation, before: FlagRecord | null, content: FlagContent | null, meta: ChangeMeta): Change {
    const version = this.#log.head.version + 1
    const at = new Date(this.#clock.now()).toISOString()
    const after = content && legal(name, { ...content, version, createdAt: before?.createdAt ?? at, updatedAt: at })
    const { actor, reason } = meta
    const said = { ...(actor === undefined ? {} : { actor }), ...(reason === undefined ? {} : { reason }) }
    const change = frozenCopy<Change>({ version, id: randomUUID(), flag: name, operation, ...said, before, after, at })
    this.#log.append(change)
    if (after === null) this.#flags.delete(name)
    else this.#flags.set(name, change.after as FlagRecord)
    this.#hints.publish(this.#storeId, { name, version })
    return change
  }
}

function legal(name: string, record: FlagRecord): FlagRecord {
  const parsed = parseRecord(name, record)
  if (!(parsed instanceof FlagsError)) return parsed
  throw new FlagsError('INVALID_FLAG', `This write would leave flag ${name} invalid. ${parsed.message}`, { flag: name, cause: parsed })
}
