import { explore } from './explore.ts'
import type { BrokenPromise } from './process-rules.ts'
import type { Bounds, Rules } from './protocol-rules.ts'

const notes: string[] = []

/** One line for each exploration of this file. */
export const explorationLog = (): string => ['model of the Redis protocol:', ...notes].join('\n  ')

export function logLine(line: string): void {
  notes.push(line)
}

export interface Result {
  readonly broke: BrokenPromise | undefined
  readonly trace: string
}

/** Explores, and logs the number of states under this title. */
export function exploreAndLog(title: string, rules: Rules, bounds: Bounds, until?: (broke: BrokenPromise) => boolean): Result {
  const began = performance.now()
  const { states, counterexample } = explore({ rules, bounds, ...(until && { until }) })
  const found = counterexample ? `breaks after ${counterexample.trace.length} steps` : 'holds'
  logLine(`${title}: ${states} states, ${found}, ${Math.round(performance.now() - began)} ms`)
  return { broke: counterexample?.broke, trace: `\n${counterexample?.trace.join('\n')}\n` }
}
