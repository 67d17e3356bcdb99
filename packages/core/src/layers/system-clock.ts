import type { Clock } from '../contracts/index.ts'

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback, awaited = false) {
    const timer = setTimeout(callback, ms)
    if (!awaited) timer.unref()
    return () => clearTimeout(timer)
  },
}
