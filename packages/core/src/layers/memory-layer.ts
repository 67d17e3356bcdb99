import { LRUCache } from 'lru-cache'
import type { Clock } from '../contracts/index.ts'
import type { Compiled } from './compiler.ts'

/** How long a value may be served as last known good. */
export const LAST_KNOWN_GOOD_MS = 3_600_000
/** Without a lease, or while the store fails, a flag is read again at most this often. */
export const RECHECK_MS = 2_000
/** How many names of flags that do not exist are remembered. */
const MAX_ABSENT = 1_000

/** The lowest "as of" that this process still accepts of each flag. */
export interface MemoryFloors {
  of(name: string): number
  /** The highest "as of" that was answered: a last known good must not be below it. */
  answeredAsOf(name: string): number
  raiseByAnswer(name: string, asOf: number, exists: boolean): void
}

/** How long memory is vouched for, on the monotonic clock. */
export interface MemoryLease {
  readonly until: number
  /** When everything that was live was last known to be right. */
  readonly confirmedAt: number
}

/** What memory holds of one flag. */
export interface MemoryEntry {
  /** `null`: known to be absent. */
  readonly flag: Compiled | null
  readonly asOf: number
  /** When it was last read, on the monotonic clock; while it is live, the lease confirms it too. */
  confirmedAt: number
  /** When a read of the flag last failed. */
  failedAt: number
  /** Whether it may answer; a dropped entry is only a last known good. */
  live: boolean
}

/**
 * L0: compiled flags in this process. Entries have no time to live: a change drops them, and none answers once the common lease has run out.
 */
export class MemoryLayer {
  readonly #clock: Clock
  readonly #floors: MemoryFloors
  readonly #lease: MemoryLease
  readonly #flags: LRUCache<string, MemoryEntry> | undefined
  /** Kept apart from the flags, so that made-up names cannot push real flags out. */
  readonly #absent: LRUCache<string, MemoryEntry> | undefined
  #closed = false

  /** With `maxFlags` 0 nothing is kept. */
  constructor(maxFlags: number, clock: Clock, floors: MemoryFloors, lease: MemoryLease) {
    this.#clock = clock
    this.#floors = floors
    this.#lease = lease
    if (maxFlags === 0) return
    this.#flags = new LRUCache({ max: maxFlags })
    this.#absent = new LRUCache({ max: MAX_ABSENT })
  }

  get enabled(): boolean {
    return this.#flags !== undefined
  }

  /** What may answer now. On the hot path. */
  hit(name: string): MemoryEntry | undefined {
    const entry = this.#flags?.get(name) ?? this.#absent?.get(name)
    return entry?.live && this.#clock.monotonic() < this.#lease.until ? entry : undefined
  }

  /** What is held, whether or not it may still answer. */
  held(name: string): MemoryEntry | undefined {
    return this.#flags?.peek(name) ?? this.#absent?.peek(name)
  }

  /** What may be served when no layer answers: confirmed within the last hour, and not older than what was answered. */
  lastKnownGood(name: string): MemoryEntry | undefined {
    const entry = this.held(name)
    if (entry === undefined || entry.asOf < this.#floors.answeredAsOf(name)) return undefined
    return this.#clock.monotonic() - this.#confirmedAt(entry) <= LAST_KNOWN_GOOD_MS ? entry : undefined
  }

  /** The last known good, where the flag was read within the last 2 s, successfully or not, and no hint has come since. */
  recentlyRead(name: string): MemoryEntry | undefined {
    const entry = this.lastKnownGood(name)
    if (entry === undefined) return undefined
    const readAt = Math.max(entry.live ? entry.confirmedAt : Number.NEGATIVE_INFINITY, entry.failedAt)
    return this.#clock.monotonic() - readAt < RECHECK_MS ? entry : undefined
  }

  noteFailedRead(name: string): void {
    const entry = this.held(name)
    if (entry !== undefined) entry.failedAt = this.#clock.monotonic()
  }

  /** Takes a value, unless a newer one is held. Below the floor it is kept only as last known good. */
  install(name: string, flag: Compiled | null, asOf: number): void {
    const held = this.held(name)
    if (this.#closed || (held !== undefined && held.asOf > asOf)) return
    const live = asOf >= this.#floors.of(name)
    if (live) this.#floors.raiseByAnswer(name, asOf, flag !== null)
    this.#put(name, flag, asOf, live)
  }

  /** Keeps a value that a change has overtaken as last known good: it never goes live, and replaces nothing newer. */
  keepOvertaken(name: string, flag: Compiled | null, asOf: number): void {
    const held = this.held(name)
    if (!this.#closed && (held === undefined || held.asOf < asOf)) this.#put(name, flag, asOf, false)
  }

  /** Keeps a stale answer as last known good: it never goes live, and replaces nothing newer. */
  keepStale(name: string, flag: Compiled | null, asOf: number): void {
    if (this.#closed) return
    const held = this.held(name)
    if (held === undefined || held.asOf < asOf) this.#put(name, flag, asOf, false)
    else if (held.asOf === asOf) held.confirmedAt = this.#clock.monotonic()
    this.noteFailedRead(name)
  }

  /** This process has answered the flag as of `asOf`: no older value may answer any more. */
  noteAnswer(name: string, asOf: number, exists: boolean): void {
    this.#floors.raiseByAnswer(name, asOf, exists)
    const held = this.held(name)
    if (held !== undefined && held.asOf < asOf) this.drop(name)
  }

  /** Takes a value out of use; it remains the last known good. */
  drop(name: string): void {
    const entry = this.held(name)
    if (entry === undefined) return
    entry.confirmedAt = this.#confirmedAt(entry)
    entry.failedAt = Number.NEGATIVE_INFINITY
    entry.live = false
  }

  dropAll(): void {
    for (const name of this.names) this.drop(name)
  }

  /** What is held was confirmed so much longer ago than the monotonic clock says. */
  age(missedMs: number): void {
    for (const name of this.names) {
      const entry = this.held(name)
      if (entry !== undefined) entry.confirmedAt -= missedMs
    }
  }

  /** Removes everything, the last known good too. */
  clear(): void {
    this.#flags?.clear()
    this.#absent?.clear()
  }

  /** Removes one flag, its last known good too. */
  remove(name: string): void {
    this.#flags?.delete(name)
    this.#absent?.delete(name)
  }

  close(): void {
    this.#closed = true
    this.clear()
  }

  #put(name: string, flag: Compiled | null, asOf: number, live: boolean): void {
    const [into, outOf] = flag === null ? [this.#absent, this.#flags] : [this.#flags, this.#absent]
    outOf?.delete(name)
    into?.set(name, { flag, asOf, confirmedAt: this.#clock.monotonic(), failedAt: Number.NEGATIVE_INFINITY, live })
  }

  #confirmedAt(entry: MemoryEntry): number {
    return entry.live ? Math.max(entry.confirmedAt, this.#lease.confirmedAt) : entry.confirmedAt
  }

  get names(): string[] {
    return [...(this.#flags?.keys() ?? []), ...(this.#absent?.keys() ?? [])]
  }
}
