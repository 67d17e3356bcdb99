import type { BackgroundWork } from '../layers/background-work.ts'
import type { ClientEvents } from './client-events.ts'
import type { Lease } from './lease.ts'

/** Emits `stale` when the lease has run out, and `fresh` when it begins again. A lease that never began cannot run out. */
export class LeaseEvents {
  readonly #lease: Lease
  readonly #events: ClientEvents
  readonly #background: BackgroundWork
  readonly #timers: boolean
  #last: 'none' | 'fresh' | 'stale' = 'none'
  #cancel: () => void = () => undefined

  /** Without `timers` only a catch-up that fails after the lease's end notices that it has run out. */
  constructor(lease: Lease, events: ClientEvents, background: BackgroundWork, timers: boolean) {
    this.#lease = lease
    this.#events = events
    this.#background = background
    this.#timers = timers
  }

  get stale(): boolean {
    return this.#last === 'stale'
  }

  /** To be called after each catch-up, successful or not. */
  update(clock: number): void {
    if (this.#lease.ended) return
    const left = this.#lease.leftMs
    if (left <= 0) {
      if (this.#last === 'fresh') this.#emit('stale', clock)
      return
    }
    if (this.#last !== 'fresh') this.#emit('fresh', clock)
    if (!this.#timers) return
    this.#cancel()
    this.#cancel = this.#background.after(left, 'The end of the lease could not be reported', async () => this.update(clock))
  }

  #emit(event: 'fresh' | 'stale', clock: number): void {
    this.#last = event
    if (event === 'fresh') this.#events.fresh(clock)
    else this.#events.stale(clock)
  }
}
