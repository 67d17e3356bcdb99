import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Condition, Operator } from '../../src/adapter.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { CompiledSegment } from '../../src/evaluate/compiled-segment.ts'
import { trace } from '../../src/evaluate/trace.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { type OperatorLibraries, operatorLibrariesOf, type RegExpLibrary } from '../../src/validate/operator-libraries.ts'
import { recordOf, segmentRecordOf, target, viewOf } from './views.ts'

let hash: Hash
let regExp: RegExpLibrary
beforeAll(async () => {
  hash = await loadHash()
  regExp = (await loadOperatorLibraries(new Set(['regExp']))).regExp as RegExpLibrary
})

const on = (operator: Operator, value: string): Condition => ({ attribute: 'x', operator, value })
const matches = on('matches', '^a+$')
const newer = on('semverGreaterThan', '1.0.0')
const equals = on('equals', 'a')

describe('the libraries of a record', () => {
  test('are those that its conditions need, of a flag and of a segment', () => {
    expect(operatorLibrariesOf({})).toEqual(new Set())
    expect(operatorLibrariesOf({ rules: [{ when: [equals] }] })).toEqual(new Set())
    expect(operatorLibrariesOf({ rules: [{ when: [] }, { when: [equals, matches] }] })).toEqual(new Set(['regExp']))
    expect(operatorLibrariesOf({ rules: [{ when: [newer] }] })).toEqual(new Set(['semver']))
    expect(operatorLibrariesOf({ when: [matches, on('semverEquals', '1.0.0'), on('semverLessThan', '1.0.0')] })).toEqual(
      new Set(['regExp', 'semver']),
    )
  })

  test('are found in any value, also in an unvalidated one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const record of [json, { rules: json }, { when: json }, { rules: [json, { when: json }, { when: [json] }] }]) {
          expect(operatorLibrariesOf(record).size).toBe(0)
        }
      }),
    )
    expect(operatorLibrariesOf({ rules: [{ when: [on('constructor' as Operator, 'x')] }], when: null }).size).toBe(0)
  })

  test('are loaded on request, and no others', async () => {
    expect(await loadOperatorLibraries(new Set())).toEqual({})
    expect(Object.keys(await loadOperatorLibraries(new Set(['semver'])))).toEqual(['semver'])
    expect(Object.keys(await loadOperatorLibraries(new Set(['regExp', 'semver'])))).toEqual(['regExp', 'semver'])
  })
})

describe('a condition without its library', () => {
  test('is not met, nor is its negation, and the trace says why', () => {
    for (const condition of [matches, newer, { ...matches, not: true }, { ...newer, not: true }]) {
      const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when: [condition] }] }), hash)
      const { decision, rules } = trace(flag, target({ x: '2.0.0' }), viewOf({}, hash))
      expect(decision.enabled).toBe(false)
      expect(rules[0]?.conditions[0]).toMatchObject({ verdict: 'unknown', why: expect.stringContaining('is not loaded') })
    }
  })

  test('is not met in a segment either', () => {
    const segment = new CompiledSegment(segmentRecordOf({ name: 'beta', when: [matches] }))
    expect(segment.has('a', target({ x: 'aaa' }), viewOf({}, hash))).toBe(false)
    const loaded = new CompiledSegment(segmentRecordOf({ name: 'beta', when: [matches] }), { regExp })
    expect(loaded.has('a', target({ x: 'aaa' }), viewOf({}, hash))).toBe(true)
  })

  test('or with a library that throws is not met, nor is its negation', () => {
    const fails = (): never => {
      throw new Error('broken')
    }
    const libraries: OperatorLibraries = { regExp: { compile: () => fails }, semver: { orderTo: () => fails } }
    for (const condition of [matches, newer, { ...matches, not: true }, { ...newer, not: true }]) {
      const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when: [condition] }] }), hash, libraries)
      expect(flag.evaluate(target({ x: '2.0.0' }), viewOf({}, hash)).enabled).toBe(false)
    }
  })
})

describe('the library for regular expressions', () => {
  test('takes time that is linear in the text, also where backtracking would never end', () => {
    for (const pattern of ['(a+)+$', '(a|a)+$', '(a|aa)+$', '^(a?){100}a{100}$', '(.*)*(.*)*(.*)*b']) {
      const found = regExp.compile(pattern, false)
      expect(typeof found === 'function' && found(`${'a'.repeat(100_000)}!`), pattern).toBe(false)
    }
  })

  test.each(['(', '(?=a)', '(?<!a)b', '(a)\\1', '(((a{1000}){1000}){1000})', 'a{1001}', '[z-a]', '\\pX', 'a{1000}'.repeat(100)])(
    'refuses %.40s and says why',
    (pattern) => {
      expect(regExp.compile(pattern, false)).toEqual({ refused: expect.any(String) })
    },
  )

  test('ignores case only where `ignoreCase` is set', () => {
    const found = [false, true].map((ignoreCase) => regExp.compile('^straße$', ignoreCase))
    expect(found.map((test) => typeof test === 'function' && test('STRASSE'))).toEqual([false, false])
    expect(found.map((test) => typeof test === 'function' && test('STRAßE'))).toEqual([false, true])
  })
})
