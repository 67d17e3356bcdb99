import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Floors } from '../../src/history/floors.ts'

test('the floor of a flag only rises', () => {
  const step = fc.record({
    kind: fc.constantFrom('change', 'answer', 'absent', 'read', 'common'),
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    at: fc.nat(30),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const floors = new Floors()
      const lowest = new Map<string, number>()
      for (const { kind, name, at } of steps) {
        if (kind === 'change') floors.raiseByChange(name, at)
        else if (kind === 'answer') floors.raiseByAnswer(name, at, true)
        else if (kind === 'absent') floors.raiseByAnswer(name, at, false)
        else if (kind === 'read') floors.readUpTo(at)
        else floors.raiseCommon(at)
        if (kind === 'change' || kind === 'answer') lowest.set(name, Math.max(at, lowest.get(name) ?? 0))
        for (const [each, low] of lowest) expect(floors.of(each)).toBeGreaterThanOrEqual(low)
      }
    }),
  )
})

test('a name that never was a flag gets no floor, but is not answered from before until the log has got as far', () => {
  const floors = new Floors()
  floors.raiseByAnswer('known', 3, true)
  floors.raiseByAnswer('made_up', 7, false)
  expect([...floors.names]).toEqual(['known'])
  expect([floors.of('made_up'), floors.of('known')]).toEqual([7, 3])
  floors.readUpTo(6)
  expect(floors.of('made_up')).toBe(7)
  floors.readUpTo(7)
  expect(floors.of('made_up')).toBe(0)
})

test('a refuted claim lowers the floor of its flag alone', () => {
  const floors = new Floors()
  floors.raiseBySnapshot(() => 5)
  floors.raiseByAnswer('a', 9, true)
  floors.raiseByAnswer('b', 8, true)
  floors.clamp('a', 4)
  expect([floors.of('a'), floors.of('b'), floors.answeredAsOf('c'), floors.highest]).toEqual([4, 8, 5, 8])
})

test('an answer from below the common floor raises the flag’s own floor, which stale answers are held to', () => {
  const floors = new Floors()
  floors.raiseCommon(5)
  for (const asOf of [3, 2]) floors.raiseByAnswer('a', asOf, true)
  expect([floors.of('a'), floors.own('a'), floors.own('b')]).toEqual([5, 3, 0])
})

test('a change is new once', () => {
  const floors = new Floors()
  floors.raiseCommon(3)
  expect([2, 3, 4, 4, 3, 5].map((version) => floors.raiseByChange('a', version))).toEqual([false, false, true, false, false, true])
  expect([floors.latestChange('a'), floors.answeredAsOf('a'), floors.own('a'), floors.own('b')]).toEqual([5, 0, 5, 0])
})
