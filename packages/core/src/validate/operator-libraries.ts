import type { Condition, Rule } from '../contracts/index.ts'

/** Whether one pattern is found in a text, in time linear in the text. */
export type PatternTest = (text: string) => boolean

/** Regular expressions without backtracking. */
export interface RegExpLibrary {
  /** The pattern's test, which finds it anywhere in the text, or why the library refuses it. Never throws. */
  compile(pattern: string, ignoreCase: boolean): PatternTest | { readonly refused: string }
}

/** The precedence of SemVer 2.0. */
export interface SemverLibrary {
  /** How a version compares to this one: -1 before it, 0 equal, 1 after it. Both must be legal; may throw where the library refuses one. */
  orderTo(version: string): (other: string) => number
}

/** Libraries that few flags need. A condition whose library is missing is false, and so is its negation. */
export interface OperatorLibraries {
  readonly regExp?: RegExpLibrary
  readonly semver?: SemverLibrary
}

export type OperatorLibraryName = keyof OperatorLibraries

const LIBRARY_OF: Readonly<Record<string, OperatorLibraryName>> = {
  matches: 'regExp',
  semverEquals: 'semver',
  semverGreaterThan: 'semver',
  semverLessThan: 'semver',
}
const NONE: ReadonlySet<OperatorLibraryName> = new Set()

/** Which libraries the conditions of a flag's rules or of a segment need. Takes an unvalidated record, and never throws. */
export function operatorLibrariesOf(record: unknown): ReadonlySet<OperatorLibraryName> {
  try {
    return librariesIn(record)
  } catch {
    // A getter or a proxy of the caller's threw: the record cannot be evaluated.
    return NONE
  }
}

function librariesIn(record: unknown): ReadonlySet<OperatorLibraryName> {
  if (record === null || typeof record !== 'object') return NONE
  const { rules, when } = record as { readonly rules?: readonly Rule[]; readonly when?: readonly Condition[] }
  if (!Array.isArray(rules) && !Array.isArray(when)) return NONE
  const needed = new Set<OperatorLibraryName>()
  for (const conditions of [when, ...listOf(rules).map((rule) => rule.when)]) {
    for (const { operator } of listOf(conditions)) {
      const library = Object.hasOwn(LIBRARY_OF, String(operator)) ? LIBRARY_OF[operator] : undefined
      if (library !== undefined) needed.add(library)
    }
  }
  return needed
}

function listOf<T extends object>(list: readonly T[] | undefined): readonly T[] {
  return Array.isArray(list) ? list.filter((item) => item !== null && typeof item === 'object') : []
}
