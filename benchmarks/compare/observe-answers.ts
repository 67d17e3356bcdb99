import { NEW } from './flag-value.ts'
import { type LibraryProcess, TTL_MS } from './library.ts'

const EVERY_MS = 10
/** After this time without an old answer, no process holds an old value any more. */
const QUIET_MS = 1.25 * TTL_MS
/** Stops here, even if a library still gives old answers. */
const LIMIT_MS = 5 * TTL_MS

export interface Observation {
  /** The time of the last old answer after the write, in milliseconds; 0 if there was none. */
  readonly oldMs: number
  readonly answers: number
}

/** Reads from all processes again and again, from when the update is made known until no old value can remain. */
export async function observeAnswers(processes: readonly LibraryProcess[]): Promise<Observation> {
  const from = performance.now()
  const elapsed = (): number => performance.now() - from
  let [oldMs, answers] = [0, 0]
  const ask = async (process: LibraryProcess): Promise<void> => {
    const { rollout } = await process.read()
    answers++
    if (rollout !== NEW.rollout) oldMs = elapsed()
  }
  while (elapsed() - oldMs < QUIET_MS && elapsed() < LIMIT_MS) {
    await Promise.all(processes.map(ask))
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  return { oldMs, answers }
}
