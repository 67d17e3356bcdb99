import { LRUCache } from 'lru-cache'
import type { Clock } from '../contracts/index.ts'
import type { CompiledFlag } from '../evaluate/compiled-flag.ts'

/** How long memory is trusted after the last catch-up that reached the store's clock. */
const LEASE_MS = 30_000
/** How long a value is kept as a last known good. */
const KEEP_MS = 3_600_000
/** How many names of flags that do not exist are remembered. */
const MAX_ABSENT = 1_000

/** What memory holds of one flag. */
export interface Slot {
  /** `null`: known to be absent. */
  readonly flag: CompiledFlag | null
  readonly asOf: number
  /** When it was last read and found right, on the monotonic clock; while it is live, the lease vouches for it too. */
  at: number
  /** Whether it may answer; a dropped slot is only a last known good. */
  live: boolean
}

/**
 * L0: compiled flags in this process. Entries have no time to live of their own; a change drops them, and a common lease ends their trust
 * when the store could not be heard for a while.
 */
export class MemoryLayer {
  readonly #clock: Clock
  readonly #flags: LRUCache<string, Slot> | undefined
  /** Apart from the flags, so that made-up names cannot push real ones out. */
  readonly #absent: LRUCache<string, Slot> | undefined
  #leaseUntil = Number.NEGATIVE_INFINITY

  /** `maxFlags` 0: no memory at all. */
  constructor(maxFlags: number, clock: Clock) {
    this.#clock = clock
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
    return slot?.live && this.#clock.monotonic() < this.#leaseUntil ? slot : undefined
  }

  /** What is held, whether or not it may still answer. */
  held(name: string): Slot | undefined {
    return this.#flags?.peek(name) ?? this.#absent?.peek(name)
  }

  /** What can stand in when no layer answers: kept for at most an hour. */
  lastKnownGood(name: string): Slot | undefined {
    const slot = this.held(name)
    return slot !== undefined && this.#clock.monotonic() - this.#rightAt(slot) <= KEEP_MS ? slot : undefined
  }

  /** Takes a value in, unless it already holds one that is as of later. */
  install(name: string, flag: CompiledFlag | null, asOf: number): void {
    const held = this.held(name)
    if (held !== undefined && held.asOf > asOf) return
    const [into, outOf] = flag === null ? [this.#absent, this.#flags] : [this.#flags, this.#absent]
    outOf?.delete(name)
    into?.set(name, { flag, asOf, at: this.#clock.monotonic(), live: true })
  }

  drop(name: string): void {
    const slot = this.held(name)
    if (slot === undefined) return
    slot.at = this.#rightAt(slot)
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

  get leased(): boolean {
    return this.#clock.monotonic() < this.#leaseUntil
  }

  /** `from`: when the catch-up that reached the clock began. */
  renewLease(from: number): void {
    this.#leaseUntil = Math.max(this.#leaseUntil, from + LEASE_MS)
  }

  /** When the slot was last known to be right. */
  #rightAt(slot: Slot): number {
    return slot.live ? Math.max(slot.at, this.#leaseUntil - LEASE_MS) : slot.at
  }

  get names(): string[] {
    return [...(this.#flags?.keys() ?? []), ...(this.#absent?.keys() ?? [])]
  }
}
