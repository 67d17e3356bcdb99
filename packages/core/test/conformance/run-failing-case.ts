import { vi } from 'vitest'
import type { ConformanceCase } from '../../src/conformance/index.ts'

const STEP_MS = 500

/** Runs the case of that name with fake timers; resolves with its error, or with `undefined` where it passed. */
export async function runFailingCase(cases: readonly ConformanceCase[], name: string): Promise<unknown> {
  const wanted = cases.find((one) => one.name === name)
  if (wanted === undefined) throw new Error(`There is no case "${name}".`)
  vi.useFakeTimers()
  try {
    let settled = false
    const outcome = wanted
      .run()
      .then(
        () => undefined,
        (error: unknown) => error,
      )
      .finally(() => {
        settled = true
      })
    while (!settled) await vi.advanceTimersByTimeAsync(STEP_MS)
    return await outcome
  } finally {
    vi.useRealTimers()
  }
}
