import type { RE2JS as Re2 } from 're2js'
import type { OperatorLibraries, OperatorLibraryName, RegExpLibrary, SemverLibrary } from '../validate/operator-libraries.ts'

/** The most instructions of a compiled pattern; more than the limit on its size should lead to. */
const MAX_PROGRAM = 10_000

/** Loads only these libraries. Rejects where a library cannot be loaded. */
export async function loadOperatorLibraries(names: ReadonlySet<OperatorLibraryName>): Promise<OperatorLibraries> {
  const [regExp, semver] = await Promise.all([
    names.has('regExp') ? loadRegExp() : undefined,
    names.has('semver') ? loadSemver() : undefined,
  ])
  return { ...(regExp && { regExp }), ...(semver && { semver }) }
}

async function loadRegExp(): Promise<RegExpLibrary> {
  return regExpLibrary((await import('re2js')).RE2JS)
}

/** Makes the library of a loaded library. */
export function regExpLibrary(re2: typeof Re2): RegExpLibrary {
  return {
    compile(pattern, ignoreCase) {
      try {
        const compiled = re2.compile(pattern, ignoreCase ? re2.CASE_INSENSITIVE : 0)
        if (compiled.programSize() > MAX_PROGRAM) return { refused: 'the pattern is too large' }
        return (text) => compiled.test(text)
      } catch (error) {
        return { refused: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

async function loadSemver(): Promise<SemverLibrary> {
  const { default: SemVer } = await import('semver/classes/semver.js')
  return {
    orderTo(version) {
      const wanted = new SemVer(version)
      return (other) => -wanted.compare(other)
    },
  }
}
