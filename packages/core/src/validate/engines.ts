import type { Condition, Rule } from '../contracts/index.ts'

/** Whether one pattern is found in a text, in time linear in the text. */
export type PatternTest = (text: string) => boolean

/** Regular expressions without backtracking. */
export interface RegExpEngine {
  /** The pattern's test, which finds it anywhere in the text, or why the engine refuses it. Never throws. */
  compile(pattern: string, ignoreCase: boolean): PatternTest | { readonly refused: string }
}

/** The precedence of SemVer 2.0. */
export interface SemverEngine {
  /** How a version compares to this one: -1 before it, 0 equal, 1 after it. Both must be legal; may throw where the library refuses one. */
  orderTo(version: string): (other: string) => number
}

/** Libraries that few flags need. A condition whose engine is missing is false, and so is its negation. */
export interface Engines {
  readonly regExp?: RegExpEngine
  readonly semver?: SemverEngine
}

export type EngineName = keyof Engines

const ENGINE_OF: Readonly<Record<string, EngineName>> = {
  matches: 'regExp',
  semverEquals: 'semver',
  semverGreaterThan: 'semver',
  semverLessThan: 'semver',
}
const NONE: ReadonlySet<EngineName> = new Set()

/** Which engines the conditions of a flag's rules or of a segment need. Takes an unvalidated record, and never throws. */
export function enginesOf(record: unknown): ReadonlySet<EngineName> {
  try {
    return enginesIn(record)
  } catch {
    // A getter or a proxy of the caller's threw: the record cannot be evaluated.
    return NONE
  }
}

function enginesIn(record: unknown): ReadonlySet<EngineName> {
  if (record === null || typeof record !== 'object') return NONE
  const { rules, when } = record as { readonly rules?: readonly Rule[]; readonly when?: readonly Condition[] }
  if (!Array.isArray(rules) && !Array.isArray(when)) return NONE
  const needed = new Set<EngineName>()
  for (const conditions of [when, ...listOf(rules).map((rule) => rule.when)]) {
    for (const { operator } of listOf(conditions)) {
      const engine = Object.hasOwn(ENGINE_OF, String(operator)) ? ENGINE_OF[operator] : undefined
      if (engine !== undefined) needed.add(engine)
    }
  }
  return needed
}

function listOf<T extends object>(list: readonly T[] | undefined): readonly T[] {
  return Array.isArray(list) ? list.filter((item) => item !== null && typeof item === 'object') : []
}
