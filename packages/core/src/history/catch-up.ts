import type { Changes, Clock, Cursor, Loaded } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import type { Compiler } from '../layers/compiler.ts'
import type { Invalidations } from '../layers/invalidations.ts'
import { readAll, readChangesSince } from '../layers/read-in-pages.ts'
import type { SharedLayer } from '../layers/shared-layer.ts'
import { fromPrimary, type StoreLayer } from '../layers/store-layer.ts'
import type { ChangeApplier } from './change-applier.ts'
import type { Claims } from './claims.ts'
import type { ContiguousHints } from './contiguous-hints.ts'
import type { HintChannels } from './hint-channels.ts'
import type { Lease } from './lease.ts'
import type { LeaseEvents } from './lease-events.ts'
import { RewindDetection, storeRewound } from './rewind-detection.ts'
import { type Reach, VersionWaiters } from './version-waiters.ts'

/** After a failure, calls try again at most this often. */
const RETRY_MS = 2_000
/** For how many hinted names at a time the record goes into the cache with the fence. */
const MAX_HINTED = 100

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
  readonly background: BackgroundWork
  readonly report: (error: FlagsError) => void
  /** Whether timers and subscriptions keep this process up to date; without them calls do. */
  readonly timers: boolean
  /** Called after each catch-up that reached the store's clock. */
  readonly onCaughtUp: () => void
  /** How long the first connection to the cache may take, in milliseconds. */
  readonly openMs: number
}

/** Follows the store's history: knows how far this process has read the log, and reads on to its end. */
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
  #isOtherStore = false
  /** The names that the store's own hints have named since the last catch-up began. */
  readonly #hintedNames = new Set<string>()
  /** The latest version of each name that this catch-up has read from the log; `undefined` where it read none. */
  #changedInLog: ReadonlyMap<string, number> | undefined
  /** The store id of a replica that has answered before this process knew its store. */
  #assumedStoreId: string | undefined
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

  /** The highest version that a load or a commit of this process has shown the store to have. */
  get highestStoreVersion(): number {
    return this.#rewindDetection.highestStoreVersion
  }

  /** Whether a call may go on without a catch-up of its own. */
  get current(): boolean {
    const { timers, lease, clock } = this.#parts
    // With timers, calls wait for the first attempt only; the poll makes the others.
    if (timers) return this.#tried
    return (this.#storeId !== undefined && lease.valid) || clock.monotonic() < this.#retryAt
  }

  /** The listener is called before the store's head is read. */
  onStart(listener: () => void): void {
    this.#startListeners.push(listener)
  }

  /** Waits until the store's head has been read. Rejects with why it cannot be. */
  async start(): Promise<void> {
    if (this.#storeId === undefined) await (this.#running ?? this.run())
  }

  /** Waits for the catch-up under way, or for a new one, whether or not it succeeds. Never rejects. */
  async tryOnce(): Promise<void> {
    try {
      await (this.#running ?? this.run())
    } catch (error) {
      this.#parts.report(error as FlagsError)
    }
  }

  /** Whether the store has reached `version`; asks the store where this process has not read that far. */
  reach(version: number): Promise<Reach> {
    return this.#versionWaiters.waitFor(version)
  }

  /** Whether a load comes from the store that this process follows. Requests a catch-up where not, or where it is older than what is known. */
  acceptsLoad(loaded: Loaded): boolean {
    if (this.#storeId === undefined) return false
    this.#isOtherStore ||= loaded.storeId !== this.#storeId
    if (this.#isOtherStore || loaded.asOf < this.#parts.contiguousHints.upTo(this.clock)) this.request()
    if (!this.#isOtherStore) this.#rewindDetection.noteVersion(loaded.asOf)
    return !this.#isOtherStore
  }

  /** Whether a replica of the store `storeId` may answer. Before this process knows its store, any may. */
  acceptsReplica(storeId: string): boolean {
    if (this.#storeId === undefined) this.#assumedStoreId = storeId
    return this.#storeId === undefined || this.#storeId === storeId
  }

  /** This process has committed a change. */
  noteCommit(name: string, version: number): void {
    this.#rewindDetection.noteCommit(name, version, this.clock)
  }

  /** Catches up in the background after a hint of the store, and puts the record of `name` into the cache with its fence. */
  requestFor(name: string): void {
    if (this.#hintedNames.size < MAX_HINTED) this.#hintedNames.add(name)
    this.request()
  }

  /** Catches up in the background. */
  request(): void {
    this.#parts.background.run('Flags could not be brought up to date', () => this.run())
  }

  /** Catches up, always beginning after the call: calls made while another catch-up runs share the next one. Rejects with a `FlagsError`. */
  run(): Promise<void> {
    this.#queued ??= this.#parts.background.shared(() => this.#runQueued())
    return this.#queued
  }

  async #runQueued(): Promise<void> {
    try {
      await this.#running
    } catch {
      // The caller of that run gets its error.
    }
    this.#queued = undefined
    // `#running` is set before the work starts, as that may ask for another catch-up.
    const running = Promise.resolve().then(() => this.#catchUp())
    this.#running = running
    try {
      await running
    } finally {
      if (this.#running === running) this.#running = undefined
    }
  }

  async #catchUp(): Promise<void> {
    const { clock, lease, leaseEvents, store, compiler, changeApplier } = this.#parts
    const { claims, channels, contiguousHints, invalidations, shared, background } = this.#parts
    const from = clock.monotonic()
    const { highestStoreVersion } = this.#rewindDetection
    const hintedUpTo = contiguousHints.upTo(this.clock)
    const claimsBefore = claims.all()
    const since = this.clock
    this.#changedInLog = undefined
    const hints = changeApplier.unconfirmedHints()
    const expectHintsAfter = channels.afterCatchUp()
    const hintedNames = [...this.#hintedNames]
    this.#hintedNames.clear()
    try {
      if (this.#storeId === undefined) await this.#readHead()
      else if (this.#isOtherStore) await this.#rewind()
      else {
        // Fences are read before the log: its records are then at least as new as the changes that raised these fences.
        const fences = await shared.fencesOf(hintedNames)
        await this.#apply(fromPrimary(await readChangesSince(store, this.#cursor, compiler.compileAhead)), highestStoreVersion, fences)
      }
      this.#retryAt = Number.NEGATIVE_INFINITY
    } catch (error) {
      this.#retryLater()
      leaseEvents.update(this.clock)
      throw error
    } finally {
      this.#tried = true
    }
    lease.renew(from)
    leaseEvents.update(this.clock)
    claims.settle(claimsBefore, { since, changedInLog: this.#changedInLog, clock: this.clock })
    changeApplier.settleHints(hints, this.clock)
    contiguousHints.settle(hintedUpTo, this.clock)
    expectHintsAfter(this.clock)
    this.#versionWaiters.wake()
    background.run('The cache could not be released', () => shared.release())
    background.run('An invalidation failed', () => invalidations.raiseOwed())
    this.#parts.onCaughtUp()
  }

  #retryLater(): void {
    const { clock, timers, background } = this.#parts
    this.#retryAt = clock.monotonic() + RETRY_MS
    if (!timers) return
    this.#cancelRetry()
    this.#cancelRetry = background.after(RETRY_MS, 'Flags could not be brought up to date', () => this.run())
  }

  /** Before the cache is trusted: entries from before this clock may have missed an invalidation while no process ran. */
  async #readHead(): Promise<void> {
    const { compiler, store, changeApplier } = this.#parts
    for (const listener of this.#startListeners) listener()
    await compiler.start()
    const { storeId, cursor } = fromPrimary(await store.probe((source, call) => source.head(call)))
    if (this.#assumedStoreId === undefined || this.#assumedStoreId === storeId) changeApplier.skipTo(cursor.version)
    else changeApplier.rewindTo(cursor.version)
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

  async #apply(changes: Changes, highestStoreVersion: number, fences: ReadonlyMap<string, string>): Promise<void> {
    const { changeApplier, invalidations } = this.#parts
    const isOtherStore = changes.storeId !== undefined && changes.storeId !== this.#storeId
    if (isOtherStore || this.#rewindDetection.contradicts(changes, highestStoreVersion)) {
      await this.#rewind()
    } else if (changes.kind === 'changes') {
      this.#cursor = changes.cursor
      this.#changedInLog = new Map(changes.changed.map(({ name, version }) => [name, version]))
      this.#rewindDetection.noteLog(this.clock)
      changeApplier.applyChanges(changes)
      // The writer may have died before it raised the fence.
      for (const { name, version, flag } of changes.changed) invalidations.owe(name, version, flag, fences.get(name))
    } else if (changes.why === 'pruned' && (await this.#isSameStore())) {
      this.#cursor = changes.cursor
      this.#rewindDetection.forgetCommits()
      changeApplier.skipTo(changes.cursor.version)
    } else {
      await this.#rewind()
    }
  }

  /** A pruned log does not tell which store it belongs to. */
  async #isSameStore(): Promise<boolean> {
    const { storeId } = await this.#parts.store.probe((source, call) => source.head(call))
    return storeId === this.#storeId
  }

  async #rewind(): Promise<void> {
    const { store, shared, compiler, changeApplier, contiguousHints, claims, invalidations, report } = this.#parts
    const all = fromPrimary(await readAll(store, compiler.compileAhead))
    invalidations.forgetAll()
    const known = changeApplier.rewindTo(all.asOf)
    shared.quarantine([...known, ...all.flags.keys()])
    this.#cursor = all.cursor
    this.#rewindDetection.reset(all.asOf)
    contiguousHints.reset(all.asOf)
    claims.forgetAll()
    this.#isOtherStore = false
    const isOtherId = all.storeId !== this.#storeId
    this.#storeId = all.storeId
    if (isOtherId) await this.#openCache(all.storeId)
    report(storeRewound(all.asOf, isOtherId))
  }
}
