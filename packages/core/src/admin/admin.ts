import type { Change, ChangeMeta, ChangesPage, FlagPatch, FlagRecord, HistoryPage, LoggedChanges, NewFlag } from '../contracts/index.ts'
import type { ClientState } from '../errors/client-state.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { loadOperatorLibraries } from '../layers/load-operator-libraries.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import { checkChangesPage } from '../validate/check-changes-page.ts'
import { checkMeta, checkNewFlag, checkPage, checkPatch } from '../validate/check-flag.ts'
import { checkName } from '../validate/check-input.ts'
import type { FlagName, FlagSchema } from '../validate/define-flags.ts'
import { MAX_DAYS } from '../validate/number-of-days.ts'
import { operatorLibrariesOf } from '../validate/operator-libraries.ts'
import type { Committed, WritePath } from '../write/write-path.ts'
import { createIfMissing } from './create-if-missing.ts'
import { flagsIn, recordAfter, usableRecord } from './loaded-records.ts'
import { type SegmentsAdmin, segmentsAdmin } from './segments-admin.ts'
import { type StaleFlagsOptions, type StaleFlagsParts, type StaleFlagsReport, staleFlags } from './stale-flags.ts'
import type { Written } from './write-results.ts'

/** The deadline of a read of the change log without records, in milliseconds. */
const LIGHT_LOG_MS = 2_000

export interface WrittenFlag extends Written {
  readonly flag: FlagRecord
}

/** Administration asks the store directly. Every method rejects with a `FlagsError` where it fails. */
export interface FlagsAdmin<S extends FlagSchema = FlagSchema> {
  /** All flags, by name. A record that cannot be read is left out and reported. */
  list(): Promise<readonly FlagRecord[]>
  /** `null` where there is no such flag. */
  get(name: FlagName<S>): Promise<FlagRecord | null>
  create(flag: NewFlag & { readonly name: FlagName<S> }, meta?: Omit<ChangeMeta, 'expectedVersion'>): Promise<WrittenFlag>
  /** Returns the flag as it is, or creates it where there is none. Of several calls at once, one creates it. */
  ensure(flag: NewFlag & { readonly name: FlagName<S> }, meta?: Omit<ChangeMeta, 'expectedVersion'>): Promise<FlagRecord>
  /** In a patch, `null` removes an optional field and any other value replaces it whole. */
  update(name: FlagName<S>, patch: FlagPatch, meta?: ChangeMeta): Promise<WrittenFlag>
  delete(name: FlagName<S>, meta?: ChangeMeta): Promise<Written>
  /**
   * The change log of all flags and segments, oldest first, page by page: the next one is `after: page.next`. A segment is called
   * `segment:<name>`. Where the log no longer reaches back to `after`, or the store went back, the answer is `lost`. `records: false` makes it light,
   * to follow the log; it then waits up to 2 s instead of 10.
   */
  changes(page?: ChangesPage): Promise<LoggedChanges>
  /** The changes of one flag, newest first. */
  history(name: FlagName<S>, page?: HistoryPage): Promise<readonly Change[]>
  /**
   * Which flags may be removed, and why: expired, constant, unused, or unknown to the schema; and which flags of the schema are missing. A record
   * that cannot be read is left out and reported.
   */
  staleFlags(options?: StaleFlagsOptions): Promise<StaleFlagsReport>
  /** Drops log entries older than so many days, never the newest, and the uses of deleted flags; returns how many log entries it dropped. */
  prune(olderThanDays: number): Promise<number>
  readonly segments: SegmentsAdmin
}

export class Admin implements FlagsAdmin {
  readonly segments: SegmentsAdmin
  readonly #store: StoreLayer
  readonly #writes: WritePath
  readonly #report: (error: FlagsError) => void
  readonly #clientState: ClientState
  readonly #parts: StaleFlagsParts

  constructor(parts: StaleFlagsParts, writes: WritePath, clientState: ClientState) {
    const { store, report } = parts
    this.#parts = parts
    this.#store = store
    this.#writes = writes
    this.#report = report
    this.#clientState = clientState
    this.segments = segmentsAdmin(store, writes, report, clientState)
  }

  async list(): Promise<readonly FlagRecord[]> {
    this.#clientState.assertOpen()
    const { flags } = await this.#store.administer('Flags', (store, call) => store.loadAll(call))
    return flagsIn(flags, this.#report)
  }

  async get(name: string): Promise<FlagRecord | null> {
    this.#clientState.assertOpen()
    checkName(name)
    const { flags } = await this.#store.administer(`Flag ${name}`, (store, call) => store.load([name], call))
    return usableRecord(flags.get(name)) as FlagRecord | null
  }

  async create(flag: NewFlag, meta?: ChangeMeta): Promise<WrittenFlag> {
    this.#clientState.assertOpen()
    const checked = checkNewFlag(flag, await loadOperatorLibraries(operatorLibrariesOf(flag)))
    const checkedMeta = checkMeta(checked.name, meta)
    return written(await this.#writes.commit(checked.name, (store, call) => store.create(checked, checkedMeta, call)))
  }

  async ensure(flag: NewFlag, meta?: ChangeMeta): Promise<FlagRecord> {
    this.#clientState.assertOpen()
    const checked = checkNewFlag(flag, await loadOperatorLibraries(operatorLibrariesOf(flag)))
    checkMeta(checked.name, meta)
    return await createIfMissing(
      async () => await this.#writes.afterCatchUp(await this.get(checked.name)),
      async () => (await this.create(checked, meta)).flag,
    )
  }

  async update(name: string, patch: FlagPatch, meta?: ChangeMeta): Promise<WrittenFlag> {
    this.#clientState.assertOpen()
    const checked = checkPatch(checkName(name), patch, await loadOperatorLibraries(operatorLibrariesOf(patch)))
    const checkedMeta = checkMeta(name, meta)
    return written(await this.#writes.commit(name, (store, call) => store.update(name, checked, checkedMeta, call)))
  }

  async delete(name: string, meta?: ChangeMeta): Promise<Written> {
    this.#clientState.assertOpen()
    const checkedMeta = checkMeta(checkName(name), meta)
    const { change, propagation } = await this.#writes.commit(name, (store, call) => store.delete(name, checkedMeta, call))
    return { version: change.version, propagation }
  }

  async changes(page?: ChangesPage): Promise<LoggedChanges> {
    this.#clientState.assertOpen()
    const checked = checkChangesPage(page)
    const withinMs = checked.records === false ? LIGHT_LOG_MS : undefined
    return await this.#store.administer('The change log', (store, call) => store.changes(checked, call), withinMs)
  }

  async history(name: string, page?: HistoryPage): Promise<readonly Change[]> {
    this.#clientState.assertOpen()
    const checked = checkPage(checkName(name), page)
    return await this.#store.administer(`The history of flag ${name}`, (store, call) => store.history(name, checked, call))
  }

  async staleFlags(options?: StaleFlagsOptions): Promise<StaleFlagsReport> {
    this.#clientState.assertOpen()
    return await staleFlags(this.#parts, options)
  }

  async prune(olderThanDays: number): Promise<number> {
    this.#clientState.assertOpen()
    if (typeof olderThanDays !== 'number' || !(olderThanDays >= 0 && olderThanDays <= MAX_DAYS)) {
      throw new FlagsError('INVALID_OPTIONS', `olderThanDays must be a number of days from 0 to ${MAX_DAYS.toLocaleString('en')}.`)
    }
    return await this.#store.administer('The change log', (store, call) => store.prune(olderThanDays, call))
  }
}

function written({ change, propagation }: Committed): WrittenFlag {
  return { flag: recordAfter(change) as FlagRecord, version: change.version, propagation }
}
