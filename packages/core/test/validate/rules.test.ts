import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { FlagsError, type NewFlag, parseRecord } from '../../src/adapter.ts'
import { attributeSlots } from '../../src/evaluate/attribute-reader.ts'
import { compileCondition } from '../../src/evaluate/compiled-condition.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import { checkNewFlag, checkPatch } from '../../src/validate/check-flag.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import { anyFlag } from '../evaluate/arbitraries.ts'
import { recordOf } from '../evaluate/views.ts'

let libraries: OperatorLibraries
beforeAll(async () => {
  libraries = await loadOperatorLibraries(new Set(['regExp', 'semver']))
})

/** Why a new flag with these fields is refused; `undefined` where it is accepted. */
function problem(fields: Record<string, unknown>, withEngines: OperatorLibraries = {}): string | undefined {
  try {
    checkNewFlag({ name: 'f', ...fields }, withEngines)
    return undefined
  } catch (error) {
    if (!(error instanceof FlagsError)) throw error
    expect(error).toMatchObject({ code: 'INVALID_FLAG', flag: 'f' })
    return error.message
  }
}

const condition = (fields: Record<string, unknown>): Record<string, unknown> => ({
  rules: [{ when: [{ attribute: 'x', operator: 'equals', value: 'a', ...fields }] }],
})
const variant = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({ name: 'a', value: 1, weight: 1, ...fields })
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
const nested = (levels: number): unknown => times(levels, 0).reduce<unknown>((inner) => [inner], 0)
const iso = (day: number): string => `2026-01-0${day}T00:00:00Z`

describe('a new flag', () => {
  test('is accepted with everything that a flag can have, and keeps it', () => {
    const flag: NewFlag = {
      name: 'f',
      requires: [{ flag: 'base' }, { flag: 'base', variant: 'a' }],
      rules: [
        {
          name: 'one',
          when: [{ attribute: 'a.b', operator: 'in', value: ['x', 1, true], not: true, ignoreCase: false }],
          rollout: 12.345,
          variant: 'a',
        },
        { when: [] },
      ],
      variants: [
        { name: 'a', value: { deep: [null, { x: 'y' }] }, weight: 0.001 },
        { name: 'b', value: null, weight: 1_000_000 },
      ],
      ramp: { from: { at: '2026-01-01T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-02T00:00:00.000Z', rollout: 100 } },
      bucketBy: 'company.id',
    }
    expect(checkNewFlag(flag, libraries)).toEqual(flag)
    expect(parseRecord('f', JSON.parse(JSON.stringify(recordOf(flag))))).toEqual(recordOf(flag))
  })

  test('keeps the moments of its ramp in UTC', () => {
    const ramp = { from: { at: '2026-01-01T00:00+02:00', rollout: 0 }, to: { at: '2026-01-02T00:00:00+0000', rollout: 1 } }
    expect(checkNewFlag({ name: 'f', ramp }).ramp).toMatchObject({
      from: { at: '2025-12-31T22:00:00.000Z' },
      to: { at: '2026-01-02T00:00:00.000Z' },
    })
  })

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['rules that are no list', { rules: {} }, /^Flag f cannot be created: rules: expected a list of rules, received Object\.$/],
    ['more than 1,000 rules', { rules: times(1_001, { when: [] }) }, /rules: expected at most 1,000 rules/],
    ['a rule without conditions', { rules: [{}] }, /rules\.0\.when: expected one of the fields name, when, rollout, variant/],
    ['an unknown field of a rule', { rules: [{ when: [], colour: 1 }] }, /rules\.0\.colour: expected one of the fields/],
    [
      'more than 100 conditions',
      { rules: [{ when: times(101, { attribute: 'x', operator: 'exists' }) }] },
      /rules\.0\.when: expected at most 100 conditions/,
    ],
    ['an invalid rollout of a rule', { rules: [{ when: [], rollout: 101 }] }, /rules\.0\.rollout: expected a number from 0 to 100/],
    ['a rule without a name', { rules: [{ when: [], name: '' }] }, /rules\.0\.name: expected at least 1 character/],
    ['an attribute without a name', condition({ attribute: '' }), /rules\.0\.when\.0\.attribute: expected at least 1 character/],
    [
      'an attribute with a long path',
      condition({ attribute: 'a'.repeat(201) }),
      /rules\.0\.when\.0\.attribute: expected at most 200 characters/,
    ],
    [
      'an unknown operator',
      condition({ operator: 'like' }),
      /rules\.0\.when\.0\.operator: expected one of the operators equals, in, .* inSegment/,
    ],
    ['an unknown field of a condition', condition({ negate: true }), /rules\.0\.when\.0\.negate: expected one of the fields/],
    [
      'a value of another type',
      condition({ value: null }),
      /rules\.0\.when\.0\.value: expected a string of at most 10,000 characters, a number, true or false, received null/,
    ],
    ['a missing value', condition({ value: undefined }), /rules\.0\.when\.0\.value: expected/],
    ['a long value', condition({ value: 'a'.repeat(10_001) }), /value: expected a string of at most 10,000 characters.*received "a+…\.$/],
    ['a value that PostgreSQL cannot store', condition({ value: 'a\0' }), /value: expected well-formed Unicode without NUL/],
    [
      'a value in a list that PostgreSQL cannot store',
      condition({ operator: 'in', value: ['a', '\ud800'] }),
      /value: expected well-formed Unicode without NUL/,
    ],
    ['an empty list', condition({ operator: 'in', value: [] }), /value: expected a list of 1 to 1,000 strings/],
    ['a long list', condition({ operator: 'in', value: times(1_001, 'a') }), /value: expected a list of 1 to 1,000 strings/],
    ['a list of lists', condition({ operator: 'in', value: [['a']] }), /value: expected a list of 1 to 1,000 strings/],
    ['nothing to start with', condition({ operator: 'startsWith', value: '' }), /value: expected a string of 1 to 10,000 characters/],
    [
      'nothing to contain',
      condition({ operator: 'contains', value: [''] }),
      /value: expected a string of 1 to 10,000 characters, a number/,
    ],
    [
      'a pattern that is large',
      condition({ operator: 'matches', value: '(a{99}){99}' }),
      /value: expected a pattern of 1 to 1,000 characters/,
    ],
    ['a number that is text', condition({ operator: 'lessThan', value: '1' }), /value: expected a number/],
    ['a number that JSON cannot hold', condition({ operator: 'lessThan', value: Number.NaN }), /value: expected a number, received NaN/],
    [
      'a moment without a time zone',
      condition({ operator: 'before', value: '2026-01-01T00:00:00' }),
      /value: expected an ISO 8601 timestamp with a time zone/,
    ],
    ['an invalid version', condition({ operator: 'semverLessThan', value: '1.2' }), /value: expected a version as SemVer 2\.0 has it/],
    ['an invalid range', condition({ operator: 'inCidr', value: '10.0.0.0/33' }), /value: expected an IP range such as/],
    ['a segment that has no name', condition({ operator: 'inSegment', value: 'a b' }), /value: expected the name of a segment/],
    ['a value of exists', condition({ operator: 'exists', value: true }), /value: expected no value, received true/],
    [
      'ignoreCase on numbers',
      condition({ operator: 'lessThan', value: 1, ignoreCase: false }),
      /ignoreCase: expected none for the operator lessThan, received false/,
    ],
    ['a not that is no boolean', condition({ not: 'yes' }), /rules\.0\.when\.0\.not: expected true or false/],
    [
      '101 segments',
      { rules: [...Array(101).keys()].map((each) => ({ when: [{ attribute: 'x', operator: 'inSegment', value: `s${each}` }] })) },
      /rules: expected rules that refer to at most 100 segments/,
    ],
    [
      '101 patterns',
      { rules: [...Array(101).keys()].map(() => ({ when: [{ attribute: 'x', operator: 'matches', value: 'a' }] })) },
      /rules: expected rules with at most 100 conditions that match a pattern/,
    ],
    [
      'more than 100 variants',
      { variants: [...Array(101).keys()].map((each) => variant({ name: `v${each}` })) },
      /variants: expected at most 100 variants/,
    ],
    ['two variants of one name', { variants: [variant(), variant()] }, /variants: expected variants whose names differ/],
    ['a variant without a value', { variants: [{ name: 'a', weight: 1 }] }, /variants\.0\.value: expected/],
    ['a variant whose value is no JSON', { variants: [variant({ value: new Map() })] }, /variants\.0\.value: expected a JSON value/],
    [
      'a variant whose value has a function',
      { variants: [variant({ value: { a: () => 1 } })] },
      /variants\.0\.value: expected a JSON value/,
    ],
    ['a variant whose value has holes', { variants: [variant({ value: new Array(2) })] }, /variants\.0\.value: expected a JSON value/],
    ['a variant of more than 20 levels', { variants: [variant({ value: nested(21) })] }, /variants\.0\.value: expected at most 20 levels/],
    [
      'a variant with a key that PostgreSQL cannot store',
      { variants: [variant({ value: { 'a\0': 1 } })] },
      /variants\.0\.value: expected well-formed Unicode without NUL/,
    ],
    [
      'a large variant',
      { variants: [variant({ value: 'a'.repeat(99_999) })] },
      /variants\.0\.value: expected at most 100,000 characters of JSON/,
    ],
    ['a negative weight', { variants: [variant({ weight: -1 })] }, /variants\.0\.weight: expected a number from 0 to 1,000,000/],
    ['a weight with four decimals', { variants: [variant({ weight: 0.0001 })] }, /variants\.0\.weight: expected .* at most three decimals/],
    [
      'a rule whose variant does not exist',
      { rules: [{ when: [] }, { when: [], variant: 'b' }], variants: [variant()] },
      /rules\.1\.variant: expected one of the variants a, received "b"/,
    ],
    [
      'a rule with a variant though there are none',
      { rules: [{ when: [], variant: 'b' }] },
      /rules\.0\.variant: expected none: the flag has no variants, received "b"/,
    ],
    ['a flag that requires itself', { requires: [{ flag: 'a' }, { flag: 'f' }] }, /requires\.1\.flag: expected another flag, received "f"/],
    ['more than 50 prerequisites', { requires: times(51, { flag: 'a' }) }, /requires: expected at most 50 required flags/],
    ['a prerequisite that has no name', { requires: [{ flag: 'a b' }] }, /requires\.0\.flag: expected a letter or digit/],
    ['a ramp without an end', { ramp: { from: { at: iso(1), rollout: 0 } } }, /ramp\.to: expected one of the fields from, to/],
    [
      'a ramp that ends as it starts',
      { ramp: { from: { at: iso(1), rollout: 0 }, to: { at: iso(1), rollout: 1 } } },
      /ramp: expected a ramp whose from\.at is before its to\.at/,
    ],
    [
      'a ramp with an invalid rollout',
      { ramp: { from: { at: iso(1), rollout: 0 }, to: { at: iso(2), rollout: 101 } } },
      /ramp\.to\.rollout: expected a number from 0 to 100/,
    ],
    [
      'a ramp at an invalid moment',
      { ramp: { from: { at: '2026-02-30T00:00:00Z', rollout: 0 }, to: { at: iso(2), rollout: 1 } } },
      /ramp\.from\.at: expected an ISO 8601 timestamp/,
    ],
    ['a bucketBy without a name', { bucketBy: '' }, /bucketBy: expected at least 1 character/],
  ])('is refused with %s', (_, fields, message) => {
    expect(problem(fields)).toMatch(message)
  })

  test('is accepted at the limits themselves', () => {
    expect(problem({ rules: times(1_000, { when: [] }), requires: times(50, { flag: 'a' }) })).toBeUndefined()
    expect(problem({ rules: [{ when: times(100, { attribute: 'a'.repeat(200), operator: 'exists' }) }] })).toBeUndefined()
    expect(problem(condition({ value: 'a'.repeat(10_000) }))).toBeUndefined()
    expect(problem(condition({ operator: 'in', value: times(1_000, 'a') }))).toBeUndefined()
    expect(problem({ variants: [variant({ value: nested(20) })] })).toBeUndefined()
    expect(problem({ variants: [variant({ value: 'a'.repeat(99_998) })] })).toBeUndefined()
  })

  test('of more than 1,000,000 characters of JSON is refused, before its fields are checked', () => {
    const large = { rules: times(20, { when: times(10, { attribute: 'x', operator: 'in', value: times(1, 'a'.repeat(10_000)) }) }) }
    expect(problem(large)).toMatch(/expected at most 1,000,000 characters of JSON/)
    const shared = times(1_000, { when: times(100, { attribute: 'x', operator: 'in', value: times(1_000, 'a'.repeat(10_000)) }) })
    expect(problem({ rules: shared })).toMatch(/expected at most 1,000,000 characters of JSON/)
    const cyclic: unknown[] = []
    cyclic.push(cyclic, cyclic)
    for (const value of [cyclic, { value: cyclic }, nested(10_000)])
      expect(problem({ variants: [variant({ value })] })).toMatch(/at most 1,000,000 characters of JSON/)
  })

  test('with many mistakes is refused with the first ten', () => {
    const message = problem({ rules: times(500, { when: [], rollout: -1 }) }) ?? ''
    expect(message).toContain('rules.9.rollout')
    expect(message).not.toContain('rules.10.rollout')
    expect(message).toContain('and 490 more')
  })

  test('is refused where the library refuses a pattern, and accepted without the library', () => {
    const fields = {
      rules: [
        { when: [] },
        {
          when: [
            { attribute: 'x', operator: 'exists' },
            { attribute: 'x', operator: 'matches', value: '(?=a)' },
          ],
        },
      ],
    }
    expect(problem(fields)).toBeUndefined()
    expect(problem(fields, libraries)).toMatch(/rules\.1\.when\.1\.value: expected a pattern in RE2 syntax: /)
    expect(() => checkPatch('f', { rules: fields.rules }, libraries)).toThrow(
      /Flag f cannot be patched: rules\.1\.when\.1\.value: expected a pattern in RE2 syntax/,
    )
    expect(checkPatch('f', { rules: null }, libraries)).toEqual({ rules: null })
  })

  test('is accepted exactly where an evaluation understands it', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('1.2.3', '1.2', '2026-01-01T00:00:00Z', '10.0.0.0/8', '::/0', '(', 'a{1000}', 'beta', ''),
      fc.array(fc.oneof(fc.constantFrom('10.0.0.0/8', 'beta', 'a b', '', 5, true), fc.jsonValue()), { maxLength: 3 }),
    )
    const operators = [
      'equals',
      'in',
      'contains',
      'startsWith',
      'endsWith',
      'matches',
      'greaterThan',
      'lessOrEqual',
      'before',
      'semverEquals',
      'exists',
      'inCidr',
      'inSegment',
    ] as const
    fc.assert(
      fc.property(fc.constantFrom(...operators), fc.option(value, { nil: undefined }), (operator, each) => {
        const source = { attribute: 'x', operator, ...(each === undefined ? {} : { value: each }) }
        const { refused } = compileCondition(source as Parameters<typeof compileCondition>[0], libraries, 'rule', attributeSlots())
        const message = problem({ rules: [{ when: [source] }] }, libraries)
        if (message?.includes('well-formed Unicode')) return
        expect(message === undefined, message ?? refused).toBe(refused === undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  test('of any legal kind is accepted', () => {
    fc.assert(
      fc.property(anyFlag, (flag) => {
        const { name, ...fields } = flag
        expect(problem(fields, libraries), JSON.stringify(fields)).toBeUndefined()
      }),
    )
  })
})
