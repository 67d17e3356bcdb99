import type { Clock } from '../src/index.ts'

/** The timer of this machine, also in tests that fake timers later. */
const realTimeout = setTimeout

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Runs all that is ready: promises and the immediates that they schedule. */
export async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that only the test advances. */
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

  /** Lets `ms` milliseconds pass. Calls each timer at its time, and runs the work that it starts. */
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

  /** The outcome of `work`, while time passes in steps of 50 ms. Throws where a minute does not suffice. */
  async until<T>(work: Promise<T>): Promise<T> {
    let ended = false
    const end = (): void => {
      ended = true
    }
    work.then(end, end)
    await settle()
    for (let step = 0; step < 1_200 && !ended; step++) {
      // What takes real time, such as compiling WebAssembly on a busy machine, must not be outrun by this clock.
      await new Promise((resolve) => realTimeout(resolve, 1))
      if (!ended) await this.advance(50)
    }
    if (!ended) throw new Error('The work did not end within a minute of the manual clock.')
    return await work
  }

  #next(until: number): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= until && (earliest === undefined || timer.at < earliest.at)) earliest = timer
    return earliest
  }
}
