import type { Prerequisite } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'

/** A longer path is told by its two ends. */
const MAX_TOLD = 20

/**
 * Throws `PREREQUISITE_CYCLE`, with the shortest path, where flag `name` would come to require itself by requiring `requires`. `requiredBy`
 * answers what any other flag requires; nothing for one that is not there.
 */
export function assertNoCycle(
  name: string,
  requires: readonly Prerequisite[],
  requiredBy: (flag: string) => readonly Prerequisite[] | undefined,
): void {
  /** Flag → who was found to require it. In the order of their distance from `name`; grows while it is walked. */
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
  const half = MAX_TOLD / 2
  const told = path.length > MAX_TOLD ? [...path.slice(0, half), '…', ...path.slice(-half)] : path
  const message = `Flag ${flag} would require itself: ${told.join(' → ')}. Take one of these prerequisites back first.`
  return new FlagsError('PREREQUISITE_CYCLE', message, { flag })
}
