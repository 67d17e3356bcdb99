import type { Background } from '../layers/background.ts'
import type { MemoryLayer } from '../layers/memory-layer.ts'
import type { ClientEvents } from './client-events.ts'

/** Tells when the lease has run out, and when the store is heard again. Who was never heard has nothing that could run out. */
export class LeaseEvents {
  readonly #memory: MemoryLayer
  readonly #reporter: ClientEvents
  readonly #background: Background
  readonly #timers: boolean
  #told: 'nothing' | 'fresh' | 'stale' = 'nothing'
  #cancel: () => void = () => undefined

  /** Without `timers` a lease that nobody renewed is noticed by the catch-up that fails after its end. */
  constructor(memory: MemoryLayer, reporter: ClientEvents, background: Background, timers: boolean) {
    this.#memory = memory
    this.#reporter = reporter
    this.#background = background
    this.#timers = timers
  }

  get stale(): boolean {
    return this.#told === 'stale'
  }

  /** After each catch-up, well or badly. */
  look(clock: number): void {
    const left = this.#memory.leaseLeftMs
    if (left <= 0) {
      if (this.#told === 'fresh') this.#callHost('stale', clock)
      return
    }
    if (this.#told !== 'fresh') this.#callHost('fresh', clock)
    if (!this.#timers) return
    this.#cancel()
    this.#cancel = this.#background.after(left, 'A lease that ran out could not be told', async () => this.look(clock))
  }

  #callHost(news: 'fresh' | 'stale', clock: number): void {
    this.#told = news
    if (news === 'fresh') this.#reporter.fresh(clock)
    else this.#reporter.stale(clock)
  }
}
