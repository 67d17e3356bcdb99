import type { Clock } from '../src/index.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Lets whatever is ready to run, run: promises and the immediates that they schedule. */
export async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Time that passes only when it is told to. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>()
  #elapsed = 0

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#elapsed + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get pending(): number {
    return this.#timers.size
  }

  /** Passes `ms` milliseconds, calling every timer on its moment and letting what it started run. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms
    await settle()
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#elapsed = Math.max(this.#elapsed, next.at)
      this.#timers.delete(next)
      next.callback()
      await settle()
    }
    this.#elapsed = until
    await settle()
  }

  /** What `work` gives, with as much time passing as it takes, in steps of 50 ms; a minute at most. */
  async until<T>(work: Promise<T>): Promise<T> {
    let ended = false
    const end = (): void => {
      ended = true
    }
    work.then(end, end)
    await settle()
    for (let step = 0; step < 1_200 && !ended; step++) await this.advance(50)
    if (!ended) throw new Error('A minute passed, and it has not ended.')
    return await work
  }

  #next(until: number): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= until && (earliest === undefined || timer.at < earliest.at)) earliest = timer
    return earliest
  }
}
