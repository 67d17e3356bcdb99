import type { Clock } from '../contracts/index.ts'
import { closedError } from '../errors/client-state.ts'
import { type FlagsError, toFlagsError } from '../errors/flags-error.ts'

/**
 * The one place for work that may outlive the call that started it: it reports the errors that no caller gets, ends the timers when the
 * client closes, and makes `close` wait for what is under way.
 */
export class BackgroundWork {
  readonly #clock: Clock
  readonly #report: (error: FlagsError) => void
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Set<() => void>()
  #closed = false

  constructor(clock: Clock, report: (error: FlagsError) => void) {
    this.#clock = clock
    this.#report = report
  }

  /** Starts `work` and answers `true`, unless the client is closed; `what` names it in an error. */
  run(what: string, work: () => Promise<unknown>): boolean {
    if (this.#closed) return false
    const running: Promise<void> = this.#guarded(what, work).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return true
  }

  /** Runs `work` for a caller, who gets its result and its errors. Rejects with `CLOSED` once the client is closed. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError()
    const working = work()
    const running: Promise<void> = working.then(ignore, ignore).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return await working
  }

  /** Starts `work` after `ms` milliseconds; returns a function that cancels it. */
  after(ms: number, what: string, work: () => Promise<unknown>): () => void {
    if (this.#closed) return () => undefined
    const stop = this.#clock.after(ms, () => {
      this.#timers.delete(cancel)
      this.run(what, work)
    })
    const cancel = (): void => {
      this.#timers.delete(cancel)
      stop()
    }
    this.#timers.add(cancel)
    return cancel
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #guarded(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      this.#report(toFlagsError(cause, 'GENERAL', what))
    }
  }
}

function ignore(): void {
  // The caller gets the error.
}
