import { describe, expect, test } from 'vitest'
import { contentOf, type FlagRecord, type NewFlag, parseDecision, parseRecord, patched } from '../../src/adapter.ts'
import { recordOf } from '../evaluate/views.ts'

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
const iso = (day: number): string => `2026-01-0${day}T00:00:00Z`

describe('a record that is read', () => {
  const record = recordOf({
    name: 'f',
    requires: [{ flag: 'base' }],
    rules: [{ when: [{ attribute: 'x', operator: 'exists' }] }],
    variants: [{ name: 'a', value: 1, weight: 1 }],
    ramp: { from: { at: '2026-01-01T00:00:00.000Z', rollout: 0 }, to: { at: '2026-01-02T00:00:00.000Z', rollout: 100 } },
  })

  test('loses fields that this build does not know, at every level', () => {
    const colour = 'blue'
    const input = {
      ...record,
      requires: [{ flag: 'base', colour }],
      rules: [{ when: [{ attribute: 'x', operator: 'exists', colour }], colour }],
      variants: [{ name: 'a', value: 1, weight: 1, colour }],
      ramp: { from: { ...record.ramp?.from, colour }, to: record.ramp?.to, colour },
      colour,
    }
    expect(parseRecord('f', input)).toEqual(record)
  })

  test.each([
    ['an unknown operator', { rules: [{ when: [{ attribute: 'x', operator: 'near' }] }] }],
    ['a rule whose variant is gone', { rules: [{ when: [], variant: 'b' }] }],
    ['itself as a prerequisite', { requires: [{ flag: 'f' }] }],
    ['too many rules', { rules: times(1_001, { when: [] }) }],
    ['far too much', { variants: [{ name: 'a', value: 'a'.repeat(1_000_000), weight: 1 }] }],
  ])('with %s is a PARSE_ERROR', (_, fields) => {
    expect(parseRecord('f', { ...record, ...fields })).toMatchObject({ code: 'PARSE_ERROR', flag: 'f' })
  })
})

describe('the schema of a record', () => {
  const uses: readonly Partial<NewFlag>[] = [
    { rules: [{ when: [] }] },
    { requires: [{ flag: 'base' }] },
    { variants: [{ name: 'a', value: 1, weight: 1 }] },
    { ramp: { from: { at: iso(1), rollout: 0 }, to: { at: iso(2), rollout: 1 } } },
    { bucketBy: 'company' },
  ]

  test('is 1 while it uses only what schema 1 knows, 2 with anything newer', () => {
    expect(contentOf({ name: 'f', rollout: 5, salt: 's', owner: 'o', expiresAt: iso(1) }).schema).toBe(1)
    expect(contentOf({ name: 'f', rules: [], requires: [], variants: [] }).schema).toBe(1)
    for (const use of uses) expect(contentOf({ name: 'f', ...use }).schema).toBe(2)
  })

  test('rises and falls with each patch', () => {
    for (const use of uses) {
      const plain = recordOf({ name: 'f' })
      const richer = patched(plain, use)
      expect(richer.schema).toBe(2)
      expect(patched({ ...plain, ...richer }, { rollout: 5 }).schema).toBe(2)
      const [field] = Object.keys(use)
      expect(patched({ ...plain, ...richer }, { [field ?? '']: null })).toEqual(contentOf({ name: 'f' }))
    }
  })

  test('of a newer build is left as it is', () => {
    expect(patched({ ...recordOf({ name: 'f' }), schema: 3 }, { rollout: 5 }).schema).toBe(3)
  })

  test('that was written too low by hand is corrected by the next patch', () => {
    const record: FlagRecord = { ...recordOf({ name: 'f', rules: [{ when: [] }] }), schema: 1 }
    expect(patched(record, {}).schema).toBe(2)
  })
})

describe('a decision that is read', () => {
  test('keeps its variant, and loses fields that this build does not know', () => {
    const decision = {
      name: 'f',
      enabled: true,
      reason: 'STATIC',
      version: 1,
      rollout: 100,
      targetingKey: 'ada',
      variant: 'a',
      value: { x: [1] },
    }
    expect(parseDecision('f', 'ada', { ...decision, colour: 'blue' })).toEqual(decision)
    const ruled = { ...decision, reason: 'TARGETING_MATCH', rule: { index: 0, name: 'one' } }
    expect(parseDecision('f', 'ada', ruled)).toEqual(ruled)
    expect(parseDecision('f', 'ada', { ...decision, variant: 1 })).toMatchObject({ code: 'PARSE_ERROR' })
  })
})
