import { describe, expect, test } from 'vitest'
import { constantAnswerAt } from '../../src/evaluate/constant-answer.ts'
import type { FlagRecord } from '../../src/index.ts'

const AT = '2026-01-01T00:00:00.000Z'
const NOW = Date.UTC(2026, 5, 1)
const base: FlagRecord = { name: 'a', schema: 2, enabled: true, rollout: 100, hashVersion: 1, version: 1, createdAt: AT, updatedAt: AT }

const when = [{ attribute: 'plan', operator: 'equals', value: 'pro' }] as const
const requires = [{ flag: 'b' }]
const [red, blue] = [
  { name: 'red', value: 1, weight: 1 },
  { name: 'blue', value: 2, weight: 1 },
]
const weightless = { ...blue, weight: 0 }
function ramp(from: number, to: number, at: string, end: string): Partial<FlagRecord> {
  return { ramp: { from: { at, rollout: from }, to: { at: end, rollout: to } } }
}
const endedRamp = ramp(0, 100, '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z')
const runningRamp = ramp(0, 100, '2026-05-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z')

describe('a flag answers everybody alike', () => {
  test.each<readonly [string, Partial<FlagRecord>, string]>([
    ['that is disabled, whatever else it has', { enabled: false, rollout: 50, rules: [{ when }], requires, ...runningRamp }, 'off'],
    ['at 0 %', { rollout: 0 }, 'off'],
    ['at 0 %, whatever it requires', { rollout: 0, requires }, 'off'],
    ['at 0 % whose rules let nobody in', { rollout: 0, rules: [{ when, rollout: 0 }] }, 'off'],
    ['at 100 %', {}, 'on'],
    ['at 100 % whose rules let everybody in', { rules: [{ when }, { when, rollout: 100 }] }, 'on'],
    ['at 100 % by another attribute', { bucketBy: 'company' }, 'on'],
    ['whose one variant has all the weight', { variants: [red, weightless] }, 'on ["red",1]'],
    [
      'whose rules give the variant that all others get',
      { variants: [red, weightless], rules: [{ when, variant: 'red' }] },
      'on ["red",1]',
    ],
    ['whose variants have no weight', { variants: [weightless] }, 'on'],
    ['whose ramp is over', { ...endedRamp, rollout: 50 }, 'on'],
  ])('%s', (_, fields, answer) => {
    expect(constantAnswerAt({ ...base, ...fields }, NOW)?.answer).toBe(answer)
  })

  test('from the end of its ramp, or from -Infinity where it has none', () => {
    expect(constantAnswerAt({ ...base, ...endedRamp }, NOW)?.from).toBe(Date.UTC(2026, 2, 1))
    expect(constantAnswerAt({ ...base, ...endedRamp }, Date.UTC(2026, 2, 1))?.from).toBe(Date.UTC(2026, 2, 1))
    expect(constantAnswerAt(base, NOW)?.from).toBe(Number.NEGATIVE_INFINITY)
  })
})

describe('a flag does not answer everybody alike', () => {
  test.each<readonly [string, Partial<FlagRecord>]>([
    ['at 50 %', { rollout: 50 }],
    ['at 99.999 %', { rollout: 99.999 }],
    ['at 0.001 %', { rollout: 0.001 }],
    ['whose rule lets some in', { rollout: 0, rules: [{ when }] }],
    ['whose rule lets half of some in', { rules: [{ when, rollout: 50 }] }],
    ['whose rule keeps some out', { rules: [{ when, rollout: 0 }] }],
    ['at 100 % that requires another', { requires }],
    ['that draws a variant', { variants: [red, blue] }],
    ['whose rule gives another variant', { variants: [red, weightless], rules: [{ when, variant: 'blue' }] }],
    ['whose ramp is under way', runningRamp],
    ['whose ramp has not begun', ramp(0, 100, '2026-07-01T00:00:00.000Z', '2026-08-01T00:00:00.000Z')],
    ['whose ramp ended halfway', ramp(0, 50, '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z')],
  ])('%s', (_, fields) => {
    expect(constantAnswerAt({ ...base, ...fields }, NOW)).toBeUndefined()
  })
})
