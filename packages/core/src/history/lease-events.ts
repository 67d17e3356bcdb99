import type { Background } from '../layers/background.ts'
import type { MemoryLayer } from '../layers/memory-layer.ts'
import type { Reporter } from './client-events.ts'

/** Tells when the lease has run out, and when the store is heard again. Who was never heard has nothing that could run out. */
export class LeaseWatch {
  readonly #memory: MemoryLayer
  readonly #reporter: Reporter
  readonly #background: Background
  readonly #timers: boolean
  #told: 'nothing' | 'fresh' | 'stale' = 'nothing'
  #cancel: () => void = () => undefined

  /** Without `timers` a lease that nobody renewed is noticed by the catch-up that fails after its end. */
  constructor(memory: MemoryLayer, reporter: Reporter, background: Background, timers: boolean) {
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
      if (this.#told === 'fresh') this.#tell('stale', clock)
      return
    }
    if (this.#told !== 'fresh') this.#tell('fresh', clock)
    if (!this.#timers) return
    this.#cancel()
    this.#cancel = this.#background.after(left, 'A lease that ran out could not be told', async () => this.look(clock))
  }

  #tell(news: 'fresh' | 'stale', clock: number): void {
    this.#told = news
    if (news === 'fresh') this.#reporter.fresh(clock)
    else this.#reporter.stale(clock)
  }
}
