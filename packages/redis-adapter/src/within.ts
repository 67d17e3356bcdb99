/** The promise's outcome, or a rejection after `ms` milliseconds. The timer does not keep the process alive. */
export function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    // An event loop that stood still runs its timers first: what has arrived meanwhile gets one poll phase.
    const timer = setTimeout(() => setImmediate(() => reject(new Error(`${what} within ${ms} ms`))), ms).unref()
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
