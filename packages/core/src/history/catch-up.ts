import type { Changes, Clock, Cursor, Loaded } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { Background } from '../layers/background.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { Invalidations } from '../layers/invalidations.ts'
import type { SharedLayer } from '../layers/shared-layer.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import type { ChangeApplier } from './change-applier.ts'
import type { Claims } from './claims.ts'
import type { ContiguousHints } from './contiguous-hints.ts'
import type { HintChannels } from './hint-channels.ts'
import type { Lease } from './lease.ts'
import type { LeaseEvents } from './lease-events.ts'
import { RewindDetection } from './rewind-detection.ts'
import { type Reach, VersionWaiters } from './version-waiters.ts'

/** After a failure, calls try again at most this often. */
const RETRY_MS = 2_000
/** Of more changes at a time the records do not follow in the cache. */
const MAX_FOLLOWED = 100

export interface CatchUpParts {
  readonly clock: Clock
  readonly store: StoreLayer
  readonly shared: SharedLayer
  readonly lease: Lease
  readonly leaseEvents: LeaseEvents
  readonly compiler: Compiler
  readonly changeApplier: ChangeApplier
  readonly invalidations: Invalidations
  readonly claims: Claims
  readonly channels: HintChannels
  readonly contiguousHints: ContiguousHints
  readonly background: Background
  readonly report: (error: FlagsError) => void
  /** Whether timers and subscriptions keep this process up to date; otherwise calls do. */
  readonly timers: boolean
  /** Called after each catch-up that reached the store's clock. */
  readonly onCaughtUp: () => void
  /** How long the first connection to the cache may take, in milliseconds. */
  readonly openMs: number
}

/** Where this process is in the store's history, and how it gets to the end of it: the one way in which it learns what is true. */
export class CatchUp {
  readonly #parts: CatchUpParts
  readonly #startListeners: (() => void)[] = []
  #storeId: string | undefined
  #cursor: Cursor = { version: 0, id: '' }
  #revision: { readonly cursor: Cursor; readonly text: string } | undefined
  #running: Promise<void> | undefined
  #queued: Promise<void> | undefined
  #tried = false
  #retryAt = Number.NEGATIVE_INFINITY
  #cancelRetry: () => void = () => undefined
  readonly #versionWaiters: VersionWaiters
  #otherStore = false
  /** What the store has told of since the last catch-up began. */
  readonly #followed = new Set<string>()
  /** The latest version of each flag that the log has told of in this catch-up. */
  #logged: ReadonlyMap<string, number> | undefined
  /** The store whose replica has answered before this process knew its store. */
  #assumedId: string | undefined
  readonly #rewindDetection = new RewindDetection()

  constructor(parts: CatchUpParts) {
    this.#parts = parts
    this.#versionWaiters = new VersionWaiters({
      clock: parts.clock,
      report: parts.report,
      version: () => this.clock,
      isResting: () => parts.clock.monotonic() < this.#retryAt,
      run: () => this.run(),
    })
  }

  /** The store's clock as this process knows it. */
  get clock(): number {
    return this.#cursor.version
  }

  /** Names the store's history up to `asOf`; `undefined` where this process has not followed its log exactly that far. */
  revisionAt(asOf: number): string | undefined {
    if (this.#storeId === undefined || this.clock !== asOf) return undefined
    if (this.#revision?.cursor !== this.#cursor) {
      const { version, id } = this.#cursor
      this.#revision = { cursor: this.#cursor, text: `${this.#storeId}.${version}.${id}` }
    }
    return this.#revision.text
  }

  /** The highest version that the store itself has told. */
  get told(): number {
    return this.#rewindDetection.told
  }

  /** Whether a call may go on without asking the store where it is. */
  get current(): boolean {
    const { timers, lease, clock } = this.#parts
    // Where there are timers, calls wait for the first attempt alone; the poll makes the others.
    if (timers) return this.#tried
    return (this.#storeId !== undefined && lease.valid) || clock.monotonic() < this.#retryAt
  }

  /** Calls the listener when this process starts to follow the store. */
  onStart(listener: () => void): void {
    this.#startListeners.push(listener)
  }

  /** Waits until this process knows the store. Rejects with why it cannot. */
  async start(): Promise<void> {
    if (this.#storeId === undefined) await (this.#running ?? this.run())
  }

  /** For a call that is not `current`: waits for one catch-up, well or badly; answers which. */
  async begun(): Promise<boolean> {
    try {
      await (this.#running ?? this.run())
      return true
    } catch (error) {
      this.#parts.report(error as FlagsError)
      return false
    }
  }

  /** Whether the store has reached `version`; asks it where this process does not know. */
  reach(version: number): Promise<Reach> {
    return this.#versionWaiters.at(version)
  }

  /** Whether a load came from the store, and the history, that this process follows. If not, it finds out what happened. */
  trusts(loaded: Loaded): boolean {
    if (this.#storeId === undefined) return false
    this.#otherStore ||= loaded.storeId !== this.#storeId
    if (this.#otherStore || loaded.asOf < this.#parts.contiguousHints.upTo(this.clock)) this.request()
    if (!this.#otherStore) this.#rewindDetection.loaded(loaded.asOf)
    return !this.#otherStore
  }

  /** Whether a replica of this store may answer. As long as this process does not know its store, it takes the replica's word. */
  follows(storeId: string): boolean {
    if (this.#storeId === undefined) this.#assumedId = storeId
    return this.#storeId === undefined || this.#storeId === storeId
  }

  /** This process has committed a change. */
  committed(name: string, version: number): void {
    this.#rewindDetection.committed(name, version, this.clock)
  }

  /** Catches up in the background; for a change that the store itself has told of, so that its record can follow in the cache. */
  follow(name: string): void {
    if (this.#followed.size < MAX_FOLLOWED) this.#followed.add(name)
    this.request()
  }

  /** Catches up in the background. */
  request(): void {
    this.#parts.background.run('Flags could not be brought up to date', () => this.run())
  }

  /** Catches up. Calls that come while it waits for its turn share it; it always begins after the call. Rejects with a `FlagsError`. */
  run(): Promise<void> {
    this.#queued ??= this.#parts.background.shared(() => this.#next())
    return this.#queued
  }

  async #next(): Promise<void> {
    try {
      await this.#running
    } catch {
      // Whoever started that run has been told.
    }
    this.#queued = undefined
    // Known to be running before it runs: what it calls may ask for another.
    const running = Promise.resolve().then(() => this.#once())
    this.#running = running
    try {
      await running
    } finally {
      if (this.#running === running) this.#running = undefined
    }
  }

  async #once(): Promise<void> {
    const { clock, lease, leaseEvents, store, changeApplier, claims, channels, contiguousHints, invalidations, shared, background } =
      this.#parts
    const from = clock.monotonic()
    const { told } = this.#rewindDetection
    const heard = contiguousHints.upTo(this.clock)
    const claimed = claims.before()
    const since = this.clock
    this.#logged = undefined
    const hints = changeApplier.unconfirmedHints()
    const fresh = channels.fresh()
    const followed = [...this.#followed]
    this.#followed.clear()
    try {
      if (this.#storeId === undefined) await this.#begin()
      else if (this.#otherStore) await this.#rewind()
      else {
        // Before the log is read: what it then says is at least as new as whatever has raised these fences.
        const fences = await shared.fencesOf(followed)
        await this.#apply(await store.probe((log, call) => log.changesSince(this.#cursor, call)), told, fences)
      }
      this.#retryAt = Number.NEGATIVE_INFINITY
    } catch (error) {
      this.#retryLater()
      leaseEvents.look(this.clock)
      throw error
    } finally {
      this.#tried = true
    }
    lease.renew(from)
    leaseEvents.look(this.clock)
    claims.settle(claimed, { since, logged: this.#logged, clock: this.clock })
    changeApplier.confirmHints(hints, this.clock)
    contiguousHints.caughtUp(heard, this.clock)
    for (const channel of fresh) channel.begin(this.clock)
    this.#versionWaiters.wake()
    background.run('The cache could not be released', () => shared.release())
    background.run('An invalidation failed', () => invalidations.settle())
    this.#parts.onCaughtUp()
  }

  #retryLater(): void {
    const { clock, timers, background } = this.#parts
    this.#retryAt = clock.monotonic() + RETRY_MS
    if (!timers) return
    this.#cancelRetry()
    this.#cancelRetry = background.after(RETRY_MS, 'Flags could not be brought up to date', () => this.run())
  }

  /** Head before trust: what the cache holds from before this clock may have missed an invalidation while nobody was there. */
  async #begin(): Promise<void> {
    const { compiler, store, changeApplier } = this.#parts
    for (const listener of this.#startListeners) listener()
    await compiler.start()
    const { storeId, cursor } = await store.probe((source, call) => source.head(call))
    if (this.#assumedId === undefined || this.#assumedId === storeId) changeApplier.lost(cursor.version)
    else changeApplier.rewound(cursor.version)
    this.#cursor = cursor
    this.#rewindDetection.forgetCommits()
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

  async #apply(changes: Changes, told: number, fences: ReadonlyMap<string, string>): Promise<void> {
    const { compiler, changeApplier, invalidations } = this.#parts
    if (changes.kind === 'changes') await compiler.prepare(changes.changed.map(({ flag }) => flag))
    if (this.#rewindDetection.contradicts(changes, told)) {
      await this.#rewind()
    } else if (changes.kind === 'changes') {
      this.#cursor = changes.cursor
      this.#logged = new Map(changes.changed.map(({ name, version }) => [name, version]))
      this.#rewindDetection.logged(this.clock)
      changeApplier.logged(changes)
      // Whoever wrote may have died before it could.
      for (const { name, version, flag } of changes.changed) invalidations.owe(name, version, flag, fences.get(name))
    } else if (changes.why === 'pruned' && (await this.#isSameStore())) {
      this.#cursor = changes.cursor
      this.#rewindDetection.forgetCommits()
      changeApplier.lost(changes.cursor.version)
    } else {
      await this.#rewind()
    }
  }

  /** A log that was pruned cannot tell by itself whose it is. */
  async #isSameStore(): Promise<boolean> {
    const { storeId } = await this.#parts.store.probe((source, call) => source.head(call))
    return storeId === this.#storeId
  }

  async #rewind(): Promise<void> {
    const { store, shared, changeApplier, contiguousHints, claims, invalidations, report } = this.#parts
    const all = await store.probe((source, call) => source.loadAll(call))
    invalidations.forgetAll()
    const known = changeApplier.rewound(all.asOf)
    shared.quarantine([...known, ...all.flags.keys()])
    this.#cursor = all.cursor
    this.#rewindDetection.startAnew(all.asOf)
    contiguousHints.startAnew(all.asOf)
    claims.forgetAll()
    this.#otherStore = false
    const moved = all.storeId !== this.#storeId
    this.#storeId = all.storeId
    if (moved) await this.#openCache(all.storeId)
    const message = `The store went back to version ${all.asOf}: it was restored, or failed over. Flags are read anew.`
    report(new FlagsError('STORE_REWOUND', message))
  }
}
