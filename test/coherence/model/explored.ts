import { explore } from './explore.ts'
import type { Broken } from './process-rules.ts'
import type { Bounds, Rules } from './rules.ts'

const notes: string[] = []

/** What was explored in this file: a line each. */
export const explored = (): string => ['model of the Redis protocol:', ...notes].join('\n  ')

export function note(line: string): void {
  notes.push(line)
}

export interface Result {
  readonly broke: Broken | undefined
  readonly trace: string
}

/** Explores, and notes under this title how many states there were. */
export function run(title: string, rules: Rules, bounds: Bounds, until?: (broke: Broken) => boolean): Result {
  const began = performance.now()
  const { states, counterexample } = explore({ rules, bounds, ...(until && { until }) })
  const found = counterexample ? `breaks after ${counterexample.trace.length} steps` : 'holds'
  note(`${title}: ${states} states, ${found}, ${Math.round(performance.now() - began)} ms`)
  return { broke: counterexample?.broke, trace: `\n${counterexample?.trace.join('\n')}\n` }
}
