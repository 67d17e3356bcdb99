import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { FlagsError } from '../../src/adapter.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import { checkNewSegment, checkSegmentPatch, parseSegment } from '../../src/validate/check-segment.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import { patchedSegment, segmentContentOf } from '../../src/validate/segment-content.ts'
import { anySegment } from '../evaluate/arbitraries.ts'
import { segmentRecordOf } from '../evaluate/views.ts'

let libraries: OperatorLibraries
beforeAll(async () => {
  libraries = await loadOperatorLibraries(new Set(['regExp', 'semver']))
})

const segment = {
  name: 'beta',
  description: 'who tries it',
  members: ['ada', '42'],
  when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }],
} as const
const record = segmentRecordOf(segment)
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)

function problem(fields: Record<string, unknown>): string | undefined {
  try {
    checkNewSegment({ name: 'beta', ...fields }, libraries)
    return undefined
  } catch (error) {
    if (!(error instanceof FlagsError)) throw error
    expect(error).toMatchObject({ code: 'INVALID_FLAG', flag: 'segment:beta' })
    return error.message
  }
}

describe('a new segment', () => {
  test('is accepted as it is, and is the same after it was stored', () => {
    expect(checkNewSegment(segment, libraries)).toEqual(segment)
    expect(segmentContentOf(segment)).toEqual({ ...segment, schema: 2 })
    expect(parseSegment('beta', JSON.parse(JSON.stringify(record)))).toEqual(record)
    fc.assert(
      fc.property(anySegment, (each) => {
        expect(parseSegment(each.name, JSON.parse(JSON.stringify(segmentRecordOf(checkNewSegment(each, libraries)))))).toEqual(
          segmentRecordOf(each),
        )
      }),
    )
  })

  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'members that are no list',
      { members: 'ada' },
      /^Segment beta cannot be created: members: expected a list of members, received "ada"\.$/,
    ],
    ['more than 10,000 members', { members: times(10_001, 'a') }, /members: expected at most 10,000 members/],
    [
      'a member that is no string',
      { members: ['a', 5] },
      /members\.1: expected a string of 1 to 256 characters, well-formed Unicode without NUL, received 5/,
    ],
    ['an empty member', { members: [''] }, /members\.0: expected a string of 1 to 256 characters/],
    ['a long member', { members: ['a'.repeat(257)] }, /members\.0: expected a string of 1 to 256 characters/],
    ['a member that PostgreSQL cannot store', { members: ['\ud800'] }, /members\.0: expected .* well-formed Unicode/],
    ['more than 100 conditions', { when: times(101, { attribute: 'x', operator: 'exists' }) }, /when: expected at most 100 conditions/],
    [
      'a segment of segments',
      { when: [{ attribute: 'x', operator: 'inSegment', value: 'alpha' }] },
      /when\.0\.operator: expected another operator: segments do not refer to segments, received "inSegment"/,
    ],
    [
      'a pattern that the library refuses',
      { when: [{ attribute: 'x', operator: 'matches', value: '(' }] },
      /when\.0\.value: expected a pattern in RE2 syntax/,
    ],
    ['an unknown field', { rollout: 5 }, /rollout: expected one of the fields name, description, members, when/],
    ['far too much', { members: times(10_000, 'é'.repeat(256)) }, /expected at most 1,000,000 characters of JSON/],
  ])('is refused with %s', (_, fields, message) => {
    expect(problem(fields)).toMatch(message)
  })

  test('is accepted with 10,000 members', () => {
    expect(problem({ members: times(10_000, 'a'.repeat(90)) })).toBeUndefined()
  })

  test('without a name that segments can have is INVALID_NAME', () => {
    for (const input of [{ ...segment, name: 'a b' }, {}, null, 'beta'])
      expect(() => checkNewSegment(input)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
  })
})

describe('a patch of a segment', () => {
  test('replaces a field whole, and removes it with null', () => {
    expect(patchedSegment(record, checkSegmentPatch('beta', { members: ['bob'], when: null }, libraries))).toEqual({
      name: 'beta',
      description: 'who tries it',
      schema: 2,
      members: ['bob'],
    })
    expect(patchedSegment({ ...record, schema: 3 }, { members: null }).schema).toBe(3)
  })

  test('is checked as a new segment is', () => {
    expect(() => checkSegmentPatch('beta', { name: 'alpha' })).toThrow(/Segment beta cannot be patched: name: expected one of the fields/)
    expect(() => checkSegmentPatch('beta', { when: [{ attribute: 'x', operator: 'matches', value: '(' }] }, libraries)).toThrow(
      /when\.0\.value: expected a pattern/,
    )
    expect(() => checkSegmentPatch('beta', { members: [1] })).toThrow(/members\.0: expected/)
  })
})

describe('a segment that is read', () => {
  test('loses fields that this build does not know', () => {
    const when = [{ ...segment.when[0], colour: 'blue' }]
    expect(parseSegment('beta', { ...record, when, colour: 'blue' })).toEqual(record)
  })

  test('of a newer schema is RECORD_TOO_NEW, whatever else is in it', () => {
    expect(parseSegment('beta', { schema: 3 })).toMatchObject({ code: 'RECORD_TOO_NEW', flag: 'segment:beta' })
  })

  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['another segment', { ...record, name: 'alpha' }],
    ['a segment of segments', { ...record, when: [{ attribute: 'x', operator: 'inSegment', value: 'alpha' }] }],
    ['no version', { ...record, version: undefined }],
  ])('that is %s is a PARSE_ERROR, never a throw', (_, input) => {
    expect(parseSegment('beta', input)).toMatchObject({ code: 'PARSE_ERROR', flag: 'segment:beta' })
  })
})
