import { describe, expect, test } from 'vitest'
import { type Answer, checkAnswers, type Write } from './oracle.ts'

const write = (version: number, more: Partial<Write> = {}): Write => ({
  ...{ kind: 'write', flag: 'f', version, deleted: false, at: version * 10, propagated: true },
  ...more,
})
const answer = (version: number | undefined, at: number, more: Partial<Answer> = {}): Answer => ({
  ...{ kind: 'answer', process: 'p', flag: 'f', asOf: version ?? 0, from: at, at, stale: false },
  ...(version === undefined ? {} : { version }),
  ...more,
})
const laws = (...log: (Write | Answer)[]) => checkAnswers(log).violations.map(({ law }) => law)

describe('the oracle', () => {
  test('finds nothing in a log where nothing is wrong', () => {
    expect(checkAnswers([write(1), answer(1, 11), write(2), answer(1, 21), answer(2, 22), answer(2, 23, { process: 'q' })])).toEqual({
      ...{ answers: 4, violations: [], worstMs: 1, worstUnmarkedMs: 1 },
    })
  })

  test('sees a process that goes back, even if the answer is marked STALE', () => {
    expect(laws(write(1), write(2), answer(2, 30), answer(1, 31))).toEqual(['went back'])
    expect(laws(write(1), write(2), answer(2, 30), answer(1, 31, { stale: true }))).toEqual(['went back'])
    expect(laws(write(1), write(2), answer(2, 30), answer(1, 31, { process: 'q' }))).toEqual([])
  })

  test('sees a process that answers older than its own update', () => {
    expect(laws(write(1), write(2, { process: 'p' }), answer(1, 21))).toEqual(['own update'])
    expect(laws(write(1), write(2, { process: 'p' }), answer(1, 21, { from: 19 }))).toEqual([])
  })

  test('sees an answer older than the minVersion that was asked for', () => {
    expect(laws(write(1), write(2), answer(1, 21, { minVersion: 2 }))).toEqual(['minVersion'])
    expect(laws(write(1), write(2, { flag: 'other' }), answer(1, 21, { minVersion: 2 }))).toEqual([])
  })

  test('sees an answer older than a received hint, unless it is marked STALE', () => {
    expect(laws(write(1), write(2), answer(1, 21, { heard: 2 }))).toEqual(['heard'])
    expect(laws(write(1), write(2), answer(1, 21, { heard: 2, stale: true }), answer(2, 22, { heard: 2 }))).toEqual([])
  })

  test('sees what the store never held, and takes "absent" for the last change that its "as of" covers', () => {
    expect(laws(write(1), answer(7, 11))).toEqual(['wrong content'])
    expect(laws(write(1), write(2, { deleted: true }), answer(2, 21))).toEqual(['wrong content'])
    expect(laws(write(1), write(2, { deleted: true }), answer(undefined, 21, { asOf: 2 }))).toEqual([])
    expect(laws(write(1), answer(undefined, 21, { asOf: 1 }))).toEqual(['wrong content'])
    expect(laws(write(1), write(2, { deleted: true }), write(3), answer(3, 31), answer(undefined, 32, { asOf: 2 }))).toEqual(['went back'])
  })

  test('measures how long an old answer was given, and holds unmarked ones to the bound', () => {
    const log = [write(1), write(2), answer(1, 520, { stale: true }), answer(1, 270)]
    expect(checkAnswers(log)).toMatchObject({ worstMs: 500, worstUnmarkedMs: 250, violations: [] })
    expect(checkAnswers(log, { unmarkedMs: 250 }).violations).toEqual([])
    expect(checkAnswers(log, { unmarkedMs: 249 }).violations.map(({ law, needed }) => [law, needed])).toEqual([['too old', 2]])
  })
})
