import type { Call, Clock, FlagStore, FlagUse, Loaded } from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import { Breaker } from './breaker.ts'
import { withDeadline } from './deadline.ts'

/** The deadline of administration: long enough for the store to say who blocks a write. */
const ADMINISTER_MS = 10_000
/** The deadline of `noteUses`: only `close` waits for it, and what fails is tried again. */
const NOTE_MS = 2_000
/** How many flags, or changes, one statement reads at most: little enough for its deadline, and for what it keeps the event loop from. */
const MAX_PAGE = 500
/** Little enough for segments of many members. */
const MIN_PAGE = 8

/** L3: the store with a deadline on every read. */
export class StoreLayer {
  readonly #store: FlagStore
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #breaker: Breaker
  readonly #replicaBreaker: Breaker
  #page = MAX_PAGE

  constructor(store: FlagStore, clock: Clock, timeoutMs: number) {
    this.#store = store
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#breaker = new Breaker(clock)
    this.#replicaBreaker = new Breaker(clock)
  }

  /** Whether the last read of the store failed. */
  get failing(): boolean {
    return this.#breaker.failing
  }

  /** Rejects with a `FlagsError`; for a second after a failure at once, without asking the store. */
  async read<T>(work: (store: FlagStore, call: Call) => Promise<T>): Promise<T> {
    this.assertNotResting()
    return await this.probe(work)
  }

  /** Throws the last failure for a second after it. */
  assertNotResting(): void {
    if (this.#breaker.open) throw this.#breaker.cause
  }

  /** As `read`, but asks the store even right after a failure: to find out whether it is back. */
  async probe<T>(work: (store: FlagStore, call: Call) => Promise<T>): Promise<T> {
    return await this.#within(this.#breaker, storeError, work)
  }

  /** As `probe`, for one of many pages of up to `limit` records. A page that is late makes the next ones smaller, so that big records are read too. */
  async probePage<T>(work: (store: FlagStore, call: Call, limit: number) => Promise<T>): Promise<T> {
    const limit = this.#page
    try {
      return await this.probe((store, call) => work(store, call, limit))
    } catch (error) {
      if ((error as FlagsError).code === 'STORE_TIMEOUT') this.#page = Math.max(MIN_PAGE, Math.floor(limit / 8))
      throw error
    }
  }

  /** All pages were read in time: the next read may have larger ones. Not before, as records may get bigger from one page to the next. */
  growPages(): void {
    this.#page = Math.min(MAX_PAGE, 2 * this.#page)
  }

  /**
   * Loads from the store's replica, for when the store cannot be read, with a deadline of its own. `undefined` where there is no replica, or
   * where it failed within the last second. Rejects with `REPLICA_UNAVAILABLE`.
   */
  async loadFromReplica(names: readonly string[]): Promise<Loaded | undefined> {
    if (this.#store.loadFromReplica === undefined || this.#replicaBreaker.open) return undefined
    return await this.#within(this.#replicaBreaker, replicaError, async (store, call) => await store.loadFromReplica?.(names, call))
  }

  /** As `loadFromReplica`, for all flags and segments. */
  async loadAllFromReplica(): Promise<Loaded | undefined> {
    if (this.#store.loadAllFromReplica === undefined || this.#replicaBreaker.open) return undefined
    return await this.#within(this.#replicaBreaker, replicaError, async (store, call) => await store.loadAllFromReplica?.(call))
  }

  /** Whether the store keeps uses. */
  get keepsUses(): boolean {
    return this.#store.noteUses !== undefined
  }

  /** Rejects with a `FlagsError`. A failure does not open the breaker: the store may still be readable. */
  async noteUses(uses: readonly FlagUse[]): Promise<void> {
    const late = `Uses of flags could not be noted: the store did not answer within ${NOTE_MS / 1000} s.`
    try {
      await withDeadline(
        this.#clock,
        NOTE_MS,
        async (call) => await this.#store.noteUses?.(uses, call),
        () => new FlagsError('STORE_TIMEOUT', late),
      )
    } catch (cause) {
      throw toFlagsError(cause, 'STORE_UNAVAILABLE', 'Uses of flags could not be noted')
    }
  }

  /** Reads or writes for an administrator, who waits longer and gets every error; `what` names the work in it. */
  async administer<T>(what: string, work: (store: FlagStore, call: Call) => Promise<T>, withinMs: number = ADMINISTER_MS): Promise<T> {
    const late = `${what}: the store did not answer within ${withinMs / 1000} s. A change may be committed all the same: check before you repeat it.`
    try {
      return await withDeadline(
        this.#clock,
        withinMs,
        (call) => work(this.#store, call),
        () => new FlagsError('STORE_TIMEOUT', late),
      )
    } catch (cause) {
      throw toFlagsError(cause, 'STORE_UNAVAILABLE', `${what}: the store cannot be used`)
    }
  }

  async #within<T>(
    breaker: Breaker,
    errorOf: (cause: unknown) => FlagsError,
    work: (store: FlagStore, call: Call) => Promise<T>,
  ): Promise<T> {
    try {
      const result = await withDeadline(this.#clock, this.#timeoutMs, (call) => work(this.#store, call), this.#late)
      breaker.reset()
      return result
    } catch (cause) {
      const error = errorOf(cause)
      breaker.trip(error)
      throw error
    }
  }

  readonly #late = (): FlagsError => new FlagsError('STORE_TIMEOUT', `The store did not answer within ${this.#timeoutMs} ms.`)
}

function storeError(cause: unknown): FlagsError {
  return toFlagsError(cause, 'STORE_UNAVAILABLE', 'The store cannot be read')
}

// A code of its own: with the code of the store's error, reported just before, it would be dropped as a repetition.
function replicaError(cause: unknown): FlagsError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new FlagsError('REPLICA_UNAVAILABLE', `The store's replica cannot be read either: ${reason}`, { cause })
}

export function standbyError(): FlagsError {
  const message = 'The server that answers as the store is a standby, which lags: its answers are STALE, and nothing is filled from it.'
  return new FlagsError(
    'STORE_IS_STANDBY',
    `${message} Connect to the primary (target_session_attrs=primary; read-write takes a standby too).`,
  )
}

/** The answer itself. Throws `STORE_IS_STANDBY` if a standby gave it. */
export function fromPrimary<T extends { readonly standby?: true }>(answer: T): T {
  if (answer.standby) throw standbyError()
  return answer
}
