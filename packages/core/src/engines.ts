import type { EngineName, Engines, RegExpEngine, SemverEngine } from './evaluate/engines.ts'

/** Of a compiled pattern, in instructions: what its size lets expect, with room. */
const MAX_PROGRAM = 10_000

/** Loads these engines; each library only where it is asked for. Rejects where one cannot be loaded. */
export async function loadEngines(names: ReadonlySet<EngineName>): Promise<Engines> {
  const [regExp, semver] = await Promise.all([
    names.has('regExp') ? loadRegExp() : undefined,
    names.has('semver') ? loadSemver() : undefined,
  ])
  return { ...(regExp && { regExp }), ...(semver && { semver }) }
}

async function loadRegExp(): Promise<RegExpEngine> {
  const { RE2JS } = await import('re2js')
  return {
    compile(pattern, ignoreCase) {
      try {
        const compiled = RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
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
