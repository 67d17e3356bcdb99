import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Floors } from '../../src/history/floors.ts'

test('a floor that is removed for room raises the common floor, so that no floor ever falls', () => {
  const floors = new Floors(2)
  floors.raiseByChange('a', 5)
  floors.raiseByAnswer('b', 7)
  floors.raiseByChange('c', 6)
  expect([...floors.names]).toEqual(['b', 'c'])
  expect([floors.of('a'), floors.of('b'), floors.of('c'), floors.of('unknown')]).toEqual([5, 7, 6, 5])
})

test('the floor of a flag only rises, and the number of names is bounded', () => {
  const step = fc.record({
    kind: fc.constantFrom('change', 'answer', 'common'),
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    at: fc.nat(30),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const floors = new Floors(3)
      const lowest = new Map<string, number>()
      for (const { kind, name, at } of steps) {
        if (kind === 'change') floors.raiseByChange(name, at)
        else if (kind === 'answer') floors.raiseByAnswer(name, at)
        else floors.raiseCommon(at)
        if (kind !== 'common') lowest.set(name, Math.max(at, lowest.get(name) ?? 0))
        for (const [each, low] of lowest) expect(floors.of(each)).toBeGreaterThanOrEqual(low)
        expect([...floors.names].length).toBeLessThanOrEqual(3)
      }
    }),
  )
})

test('an answer from below the common floor raises the flag’s own floor, which stale answers are held to', () => {
  const floors = new Floors(10)
  floors.raiseCommon(5)
  for (const asOf of [3, 2]) floors.raiseByAnswer('a', asOf)
  expect([floors.of('a'), floors.own('a'), floors.own('b')]).toEqual([5, 3, 0])
})

test('a change is new once', () => {
  const floors = new Floors(10)
  floors.raiseCommon(3)
  expect([2, 3, 4, 4, 3, 5].map((version) => floors.raiseByChange('a', version))).toEqual([false, false, true, false, false, true])
  expect([floors.latestChange('a'), floors.answeredAsOf('a'), floors.own('a'), floors.own('b')]).toEqual([5, 0, 5, 0])
})
