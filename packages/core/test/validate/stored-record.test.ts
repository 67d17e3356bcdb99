import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentOf, FlagsError, isFlagName, parseDecision, parseRecord, patched, toFlagsError } from '../../src/adapter.ts'
import type { FlagRecord } from '../../src/index.ts'

const record: FlagRecord = {
  name: 'new_feature',
  schema: 1,
  enabled: true,
  rollout: 50,
  hashVersion: 1,
  version: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-02T00:00:00.000Z',
}
const decision = { name: 'new_feature', enabled: true, reason: 'SPLIT', version: 3, bucket: 12.345, rollout: 50, targetingKey: 'ada' }

describe('a record that is read', () => {
  test('is as it was written', () => {
    expect(parseRecord('new_feature', JSON.parse(JSON.stringify(record)))).toEqual(record)
  })

  test('loses fields that this build does not know', () => {
    expect(parseRecord('new_feature', { ...record, colour: 'blue' })).toEqual(record)
  })

  test('of a newer schema is RECORD_TOO_NEW, whatever else is in it', () => {
    const error = parseRecord('new_feature', { schema: 3, name: 7 })
    expect(error).toMatchObject({ code: 'RECORD_TOO_NEW', flag: 'new_feature', message: expect.stringContaining('Upgrade') })
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'new_feature'],
    ['a list', []],
    ['another flag', { ...record, name: 'other' }],
    ['a rollout out of bounds', { ...record, rollout: 101 }],
    ['a rollout that is text', { ...record, rollout: '50' }],
    ['another bucketing', { ...record, hashVersion: 2 }],
    ['no version', { ...record, version: undefined }],
    ['a version beyond what is exact', { ...record, version: 2 ** 53 }],
    ['a schema of 0', { ...record, schema: 0 }],
    ['an invalid date', { ...record, createdAt: 'yesterday' }],
  ])('that is %s is a PARSE_ERROR, never a throw', (_, input) => {
    expect(parseRecord('new_feature', input)).toMatchObject({ code: 'PARSE_ERROR', flag: 'new_feature' })
  })

  test('of any other shape is an error, never a throw', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(parseRecord('new_feature', input)).toBeInstanceOf(FlagsError)
      }),
    )
  })
})

describe('a decision that is read', () => {
  test('is as it was written', () => {
    expect(parseDecision('new_feature', 'ada', decision)).toEqual(decision)
  })

  test.each([
    ['null', null],
    ['of another flag', { ...decision, name: 'other' }],
    ['of another user', { ...decision, targetingKey: 'bob' }],
    ['without a version', { ...decision, version: undefined }],
    ['an error', { ...decision, reason: 'ERROR' }],
    ['a bucket out of bounds', { ...decision, bucket: 100 }],
  ])('that is %s is a PARSE_ERROR, never a throw', (_, input) => {
    expect(parseDecision('new_feature', 'ada', input)).toMatchObject({ code: 'PARSE_ERROR', flag: 'new_feature' })
  })
})

describe('the content of a record', () => {
  test('has every default filled in', () => {
    expect(contentOf({ name: 'x' })).toEqual({ name: 'x', schema: 1, enabled: true, rollout: 0, hashVersion: 1 })
  })

  test('is the same after a patch that changes nothing', () => {
    const { version: _, createdAt: __, updatedAt: ___, ...content } = record
    expect(patched(record, {})).toEqual(content)
  })

  test('can have exactly the names that the rule allows', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(isFlagName(name)).toBe(/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && name.length <= 128)
      }),
    )
  })
})

describe('an error', () => {
  test('of ours is passed on as it is, any other becomes the cause', () => {
    const ours = new FlagsError('FLAG_EXISTS', 'x')
    expect(toFlagsError(ours, 'GENERAL', 'y')).toBe(ours)
    expect(toFlagsError(new Error('boom'), 'STORE_UNAVAILABLE', 'The store')).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'The store: boom',
    })
    expect(toFlagsError(new AggregateError([]), 'GENERAL', 'The store').message).toBe('The store: AggregateError')
    expect(toFlagsError('odd', 'GENERAL', 'The store')).toMatchObject({ message: 'The store: odd', cause: 'odd' })
  })

  test('is recognised across copies of the library in one process, and nothing else is', () => {
    for (const other of [null, undefined, 'x', new Error('x'), { code: 'GENERAL' }]) expect(other instanceof FlagsError).toBe(false)
    expect(Object.create(new FlagsError('GENERAL', 'x')) instanceof FlagsError).toBe(true)
  })
})
