import type { Call, Clock } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'

/** Makes its signal only when it is asked for: most calls end long before. */
class Deadline implements Call {
  #controller: AbortController | undefined
  #expired = false

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#expired) this.#controller.abort()
    return this.#controller.signal
  }

  expire(): void {
    this.#expired = true
    this.#controller?.abort()
  }
}

/**
 * Resolves to the result of `run`, or rejects with `late()` after `ms` milliseconds. Then the signal is aborted, and a later result is ignored.
 *
 * When the timer fires, an answer that the socket already holds gets one more turn: a stalled event loop is not a slow backend.
 */
export function withDeadline<T>(clock: Clock, ms: number, run: (call: Call) => Promise<T>, late: () => FlagsError): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = new Deadline()
    let settled = false
    const expire = (): void => {
      if (settled) return
      reject(late())
      deadline.expire()
    }
    const cancel = clock.after(ms, () => setImmediate(expire), true)
    const settle = (): void => {
      settled = true
      cancel()
    }
    run(deadline).then(resolve, reject).finally(settle)
  })
}
