import type { Background } from '../background.ts'
import type { Changes, Clock, Cursor, Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors.ts'
import type { Hash } from '../evaluate/bucket.ts'
import type { Compiler } from '../read/compiler.ts'
import type { MemoryLayer } from '../read/memory-layer.ts'
import type { SharedLayer } from '../read/shared-layer.ts'
import type { StoreLayer } from '../read/store-layer.ts'
import type { ChangeIntake } from './change-intake.ts'
import type { Floors } from './floors.ts'
import type { Invalidations } from './invalidations.ts'

/** After a failure, calls try again at most this often. */
const RETRY_MS = 2_000
/** Calls that ask for a version which this process has not seen ask the store at most this often. */
const REACH_MS = 50

export interface CatchUpParts {
  readonly clock: Clock
  readonly store: StoreLayer
  readonly shared: SharedLayer
  readonly memory: MemoryLayer
  readonly compiler: Compiler
  readonly floors: Floors
  readonly intake: ChangeIntake
  readonly invalidations: Invalidations
  readonly background: Background
  readonly report: (error: FlagsError) => void
  readonly loadHash: () => Promise<Hash>
  /** Whether timers and subscriptions keep this process up to date; otherwise calls do. */
  readonly timers: boolean
  /** Called when this process starts to follow the store. */
  readonly begin: () => void
  /** How long the first connection to the cache may take, in milliseconds. */
  readonly openMs: number
}

/** Where this process is in the store's history, and how it gets to the end of it: the one way in which it learns what is true. */
export class CatchUp {
  readonly #parts: CatchUpParts
  #storeId: string | undefined
  #cursor: Cursor = { version: 0, id: '' }
  #running: Promise<void> | undefined
  #queued: Promise<void> | undefined
  #retryAt = Number.NEGATIVE_INFINITY
  #reaching: Promise<void> | undefined
  /** Who waits for the clock to advance. */
  readonly #waiting: (() => void)[] = []
  #reachAt = Number.NEGATIVE_INFINITY
  #otherStore = false

  constructor(parts: CatchUpParts) {
    this.#parts = parts
  }

  /** The store's clock as this process knows it. */
  get clock(): number {
    return this.#cursor.version
  }

  /** Whether a call may go on without asking the store where it is. */
  get current(): boolean {
    const { timers, memory, clock } = this.#parts
    if (this.#storeId !== undefined && (timers || memory.leased)) return true
    return clock.monotonic() < this.#retryAt
  }

  /** Waits until this process knows the store. Rejects with why it cannot. */
  async start(): Promise<void> {
    if (this.#storeId === undefined) await this.run()
  }

  /** For a call that is not `current`: waits for one catch-up, well or badly. */
  async begun(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      this.#parts.report(error as FlagsError)
    }
  }

  /** Whether the store has reached `version`; asks it where this process does not know, and no other catch-up finds out first. */
  async reach(version: number): Promise<boolean> {
    let asked = false
    this.#reaching ??= this.#spaced()
    const answered = this.#reaching.then(() => {
      asked = true
    })
    while (version > this.clock && !asked) {
      await Promise.race([
        answered,
        new Promise<void>((resolve) => {
          this.#waiting.push(resolve)
        }),
      ])
    }
    return version <= this.clock
  }

  /** Whether a load came from the store, and the history, that this process follows. If not, it finds out what happened. */
  trusts(loaded: Loaded): boolean {
    if (this.#storeId === undefined) return false
    this.#otherStore ||= loaded.storeId !== this.#storeId
    if (this.#otherStore || loaded.asOf < this.clock) this.request()
    return !this.#otherStore
  }

  /** Catches up in the background. */
  request(): void {
    this.#parts.background.run('Flags could not be brought up to date', () => this.run())
  }

  /** Catches up. Calls that come while it waits for its turn share it; it always begins after the call. Rejects with a `FlagsError`. */
  run(): Promise<void> {
    this.#queued ??= this.#next()
    return this.#queued
  }

  /** One catch-up for all who ask before it begins. */
  async #spaced(): Promise<void> {
    const { clock } = this.#parts
    const wait = this.#reachAt - clock.monotonic()
    await new Promise<void>((resolve) => (wait > 0 ? clock.after(wait, resolve) : resolve()))
    this.#reaching = undefined
    this.#reachAt = clock.monotonic() + REACH_MS
    await this.begun()
  }

  async #next(): Promise<void> {
    try {
      await this.#running
    } catch {
      // Whoever started that run has been told.
    }
    this.#queued = undefined
    // Known to be running before it runs: what it calls may ask for another.
    this.#running = Promise.resolve().then(() => this.#once())
    await this.#running
  }

  async #once(): Promise<void> {
    const { clock, memory, store, invalidations, shared, background } = this.#parts
    const from = clock.monotonic()
    try {
      if (this.#storeId === undefined) await this.#begin()
      else if (this.#otherStore) await this.#rewind()
      else await this.#apply(await store.probe((log, call) => log.changesSince(this.#cursor, call)))
      memory.renewLease(from)
      for (const wake of this.#waiting.splice(0)) wake()
    } catch (error) {
      this.#retryAt = clock.monotonic() + RETRY_MS
      throw error
    }
    background.run('The cache could not be released', () => shared.release())
    background.run('An invalidation failed', () => invalidations.settle())
  }

  /** Head before trust: what the cache holds from before this clock may have missed an invalidation while nobody was there. */
  async #begin(): Promise<void> {
    const { compiler, loadHash, store, floors, begin } = this.#parts
    begin()
    await compiler.loadHash(loadHash)
    const { storeId, cursor } = await store.probe((source, call) => source.head(call))
    this.#cursor = cursor
    floors.raiseCommon(cursor.version)
    this.#storeId = storeId
    await this.#openCache(storeId)
  }

  async #openCache(storeId: string): Promise<void> {
    const { shared, openMs, report } = this.#parts
    try {
      await shared.open(storeId, openMs)
    } catch (error) {
      report(error as FlagsError)
    }
  }

  async #apply(changes: Changes): Promise<void> {
    const { intake, invalidations } = this.#parts
    if (changes.kind === 'changes') {
      // In one go, so that a transaction over two flags is never seen half.
      for (const { name, version, flag } of changes.changed) intake.logged(name, version, flag, changes.cursor.version)
      this.#cursor = changes.cursor
      // Whoever wrote may have died before it could.
      for (const { name, version } of changes.changed) invalidations.owe(name, version)
    } else if (changes.why === 'pruned') {
      intake.lost(changes.cursor.version)
      this.#cursor = changes.cursor
    } else {
      await this.#rewind()
    }
  }

  async #rewind(): Promise<void> {
    const { store, shared, intake, report } = this.#parts
    const all = await store.probe((source, call) => source.loadAll(call))
    const known = intake.rewound(all.asOf)
    shared.quarantine([...known, ...all.flags.keys()])
    this.#cursor = all.cursor
    this.#otherStore = false
    if (all.storeId !== this.#storeId) await this.#openCache(all.storeId)
    this.#storeId = all.storeId
    report(
      new FlagsError('STORE_REWOUND', `The store went back to version ${all.asOf}: it was restored, or failed over. Flags are read anew.`),
    )
  }
}
