import type { Prerequisite } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'

/** Flags in the message's path. Of a longer path it shows the two ends. */
const MAX_SHOWN = 20

/**
 * Throws `PREREQUISITE_CYCLE`, with the shortest path, where flag `name` would require itself by requiring `requires`. `requiredBy` answers
 * what another flag requires; `undefined` for a flag that does not exist.
 */
export function assertNoCycle(
  name: string,
  requires: readonly Prerequisite[],
  requiredBy: (flag: string) => readonly Prerequisite[] | undefined,
): void {
  /** Flag → the flag that requires it. In the order of their distance from `name`; grows while the loop runs. */
  const requirers = new Map<string, string>(requires.map(({ flag }) => [flag, name]))
  for (const flag of requirers.keys()) {
    if (flag === name) throw cycle(pathTo(name, requirers))
    for (const { flag: next } of requiredBy(flag) ?? []) if (!requirers.has(next)) requirers.set(next, flag)
  }
}

function pathTo(name: string, requirers: ReadonlyMap<string, string>): readonly string[] {
  const path = [name]
  for (let at = requirers.get(name) as string; at !== name; at = requirers.get(at) as string) path.push(at)
  return [...path, name].reverse()
}

function cycle(path: readonly string[]): FlagsError {
  const [flag] = path as [string, ...string[]]
  const half = MAX_SHOWN / 2
  const shown = path.length > MAX_SHOWN ? [...path.slice(0, half), '…', ...path.slice(-half)] : path
  const message = `Flag ${flag} would require itself: ${shown.join(' → ')}. Remove one of these prerequisites first.`
  return new FlagsError('PREREQUISITE_CYCLE', message, { flag })
}
