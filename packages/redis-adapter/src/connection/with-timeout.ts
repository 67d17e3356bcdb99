/** Settles like the promise, or rejects after `ms` milliseconds. The timer does not keep the process alive. */
export function withTimeout<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    // After a stall the event loop runs its timers first; `setImmediate` lets it read what has arrived meanwhile.
    const timer = setTimeout(() => setImmediate(() => reject(new Error(`${what} within ${ms} ms`))), ms).unref()
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
