import { NEW } from './flag-value.ts'
import { type LibraryProcess, TTL_MS } from './library.ts'

const EVERY_MS = 10
/** So long after the last old answer nobody holds an old value any more. */
const QUIET_MS = 1.25 * TTL_MS
/** A library that still answers old after this is given up. */
const LIMIT_MS = 5 * TTL_MS

export interface Observation {
  /** How long after the write an old answer was still given, in milliseconds; 0 where none was. */
  readonly oldMs: number
  readonly answers: number
}

/** Asks all of them again and again, from the moment that an update has been made known until no old value can be left. */
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
