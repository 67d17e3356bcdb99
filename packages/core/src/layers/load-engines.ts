import type { RE2JS as Re2 } from 're2js'
import type { EngineName, Engines, RegExpEngine, SemverEngine } from '../validate/engines.ts'

/** The most instructions of a compiled pattern; more than the limit on its size should lead to. */
const MAX_PROGRAM = 10_000

/** Loads only these engines. Rejects where a library cannot be loaded. */
export async function loadEngines(names: ReadonlySet<EngineName>): Promise<Engines> {
  const [regExp, semver] = await Promise.all([
    names.has('regExp') ? loadRegExp() : undefined,
    names.has('semver') ? loadSemver() : undefined,
  ])
  return { ...(regExp && { regExp }), ...(semver && { semver }) }
}

async function loadRegExp(): Promise<RegExpEngine> {
  return regExpEngine((await import('re2js')).RE2JS)
}

/** Makes the engine of a loaded library. */
export function regExpEngine(re2: typeof Re2): RegExpEngine {
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

async function loadSemver(): Promise<SemverEngine> {
  const { default: SemVer } = await import('semver/classes/semver.js')
  return {
    orderTo(version) {
      const wanted = new SemVer(version)
      return (other) => -wanted.compare(other)
    },
  }
}
