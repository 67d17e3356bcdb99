import { LRUCache } from 'lru-cache'
import type { Clock } from '../contracts/index.ts'
import type { Compiled } from './compiler.ts'

/** How long a value is kept as a last known good. */
export const KEEP_MS = 3_600_000
/** Without a lease, or without the store, a flag is read again at most this often. */
export const RECHECK_MS = 2_000
/** How many names of flags that do not exist are remembered. */
const MAX_ABSENT = 1_000

/** The lowest "as of" that this process still accepts of each flag. */
export interface MemoryFloors {
  of(name: string): number
  /** Nothing below was ever answered: a last known good may go down to it. */
  answered(name: string): number
  raiseByAnswer(name: string, asOf: number): void
}

/** How long memory is vouched for; on the monotonic clock. */
export interface MemoryLease {
  readonly until: number
  /** When all that was live then was right. */
  readonly vouchedAt: number
}

/** What memory holds of one flag. */
export interface Slot {
  /** `null`: known to be absent. */
  readonly flag: Compiled | null
  readonly asOf: number
  /** When it was last read and found right, on the monotonic clock; while it is live, the lease vouches for it too. */
  at: number
  /** When a read of it last failed. */
  failedAt: number
  /** Whether it may answer; a dropped slot is only a last known good. */
  live: boolean
}

/**
 * L0: compiled flags in this process. Entries have no time to live of their own; a change drops them, and a common lease ends their trust
 * when the store could not be heard for a while.
 */
export class MemoryLayer {
  readonly #clock: Clock
  readonly #floors: MemoryFloors
  readonly #lease: MemoryLease
  readonly #flags: LRUCache<string, Slot> | undefined
  /** Apart from the flags, so that made-up names cannot push real ones out. */
  readonly #absent: LRUCache<string, Slot> | undefined
  #closed = false

  /** `maxFlags` 0: no memory at all. */
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

  /** What may answer now. The hot path. */
  hit(name: string): Slot | undefined {
    const slot = this.#flags?.get(name) ?? this.#absent?.get(name)
    return slot?.live && this.#clock.monotonic() < this.#lease.until ? slot : undefined
  }

  /** What is held, whether or not it may still answer. */
  held(name: string): Slot | undefined {
    return this.#flags?.peek(name) ?? this.#absent?.peek(name)
  }

  /** What can stand in when no layer answers: kept for at most an hour, and never older than what was answered. */
  lastKnownGood(name: string): Slot | undefined {
    const slot = this.held(name)
    if (slot === undefined || slot.asOf < this.#floors.answered(name)) return undefined
    return this.#clock.monotonic() - this.#rightAt(slot) <= KEEP_MS ? slot : undefined
  }

  /** The same, where the flag has been read a moment ago, well or badly, and no change was heard of since. */
  justRead(name: string): Slot | undefined {
    const slot = this.lastKnownGood(name)
    if (slot === undefined) return undefined
    const read = Math.max(slot.live ? slot.at : Number.NEGATIVE_INFINITY, slot.failedAt)
    return this.#clock.monotonic() - read < RECHECK_MS ? slot : undefined
  }

  /** A read of the flag failed. */
  failed(name: string): void {
    const slot = this.held(name)
    if (slot !== undefined) slot.failedAt = this.#clock.monotonic()
  }

  /** Takes a value in, unless it holds a newer one. What is below the floor may not answer, but is kept as a last known good. */
  install(name: string, flag: Compiled | null, asOf: number): void {
    const held = this.held(name)
    if (this.#closed || (held !== undefined && held.asOf > asOf)) return
    const live = asOf >= this.#floors.of(name)
    if (live) this.#floors.raiseByAnswer(name, asOf)
    this.#put(name, flag, asOf, live)
  }

  /** Keeps what a last resort has answered as a last known good: it never goes live, and takes the place of nothing newer. */
  keep(name: string, flag: Compiled | null, asOf: number): void {
    if (this.#closed) return
    const held = this.held(name)
    if (held === undefined || held.asOf < asOf) this.#put(name, flag, asOf, false)
    else if (held.asOf === asOf) held.at = this.#clock.monotonic()
    this.failed(name)
  }

  /** This process has answered the flag as of `asOf`: an older value may not follow. */
  answered(name: string, asOf: number): void {
    this.#floors.raiseByAnswer(name, asOf)
    const held = this.held(name)
    if (held !== undefined && held.asOf < asOf) this.drop(name)
  }

  drop(name: string): void {
    const slot = this.held(name)
    if (slot === undefined) return
    slot.at = this.#rightAt(slot)
    slot.failedAt = Number.NEGATIVE_INFINITY
    slot.live = false
  }

  dropAll(): void {
    for (const name of this.names) this.drop(name)
  }

  /** Drops everything, the last known good too. */
  clear(): void {
    this.#flags?.clear()
    this.#absent?.clear()
  }

  /** The same for one flag. */
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
    into?.set(name, { flag, asOf, at: this.#clock.monotonic(), failedAt: Number.NEGATIVE_INFINITY, live })
  }

  /** When the slot was last known to be right. */
  #rightAt(slot: Slot): number {
    return slot.live ? Math.max(slot.at, this.#lease.vouchedAt) : slot.at
  }

  get names(): string[] {
    return [...(this.#flags?.keys() ?? []), ...(this.#absent?.keys() ?? [])]
  }
}
