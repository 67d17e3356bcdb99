import { setImmediate as turn } from 'node:timers/promises'
import type { Flags } from '@flagstone/core'

const CAP_MS = 15_000

export interface Timed<T> {
  readonly value: T
  readonly ms: number
}

export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const start = performance.now()
  const value = await work()
  return { value, ms: performance.now() - start }
}

/** Waits for a hint, then evaluates without a pause until the answer is the wanted one. Rejects after 15 s. */
export async function untilAnswered(flags: Flags, name: string, user: string, wanted: boolean): Promise<void> {
  const start = performance.now()
  await nextChange(flags, name)
  while ((await flags.isEnabled(name, user)) !== wanted) {
    if (performance.now() - start > CAP_MS) throw new Error(`${name} did not change for ${user} within ${CAP_MS / 1_000} s`)
    // An answer from memory takes no turn of the event loop, but messages need one to arrive.
    await turn()
  }
}

/** Resolves with the next change of the flag, or after the cap. */
function nextChange(flags: Flags, name: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, CAP_MS)
    const unsubscribe = flags.on('change', (change) => change.name === name && done())
    function done(): void {
      clearTimeout(timer)
      unsubscribe()
      resolve()
    }
  })
}
