import type { Background } from '../layers/background.ts'
import type { ClientEvents } from './client-events.ts'
import type { Lease } from './lease.ts'

/** Tells when the lease has run out, and when the store is heard again. Who was never heard has nothing that could run out. */
export class LeaseEvents {
  readonly #lease: Lease
  readonly #events: ClientEvents
  readonly #background: Background
  readonly #timers: boolean
  #told: 'nothing' | 'fresh' | 'stale' = 'nothing'
  #cancel: () => void = () => undefined

  /** Without `timers` a lease that nobody renewed is noticed by the catch-up that fails after its end. */
  constructor(lease: Lease, events: ClientEvents, background: Background, timers: boolean) {
    this.#lease = lease
    this.#events = events
    this.#background = background
    this.#timers = timers
  }

  get stale(): boolean {
    return this.#told === 'stale'
  }

  /** After each catch-up, well or badly. */
  look(clock: number): void {
    const left = this.#lease.leftMs
    if (left <= 0) {
      if (this.#told === 'fresh') this.#emit('stale', clock)
      return
    }
    if (this.#told !== 'fresh') this.#emit('fresh', clock)
    if (!this.#timers) return
    this.#cancel()
    this.#cancel = this.#background.after(left, 'A lease that ran out could not be told', async () => this.look(clock))
  }

  #emit(news: 'fresh' | 'stale', clock: number): void {
    this.#told = news
    if (news === 'fresh') this.#events.fresh(clock)
    else this.#events.stale(clock)
  }
}
