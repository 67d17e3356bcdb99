import { beforeAll, describe, expect, test } from 'vitest'
import type { NewFlag } from '../../src/adapter.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import type { EvaluationView } from '../../src/evaluate/evaluation-view.ts'
import { MAX_DEPTH } from '../../src/evaluate/required-flags.ts'
import { trace } from '../../src/evaluate/trace.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { recordOf, target, viewOf } from './views.ts'

let hash: Hash
beforeAll(async () => {
  hash = await loadHash()
})

const ada = target('ada')

/** Flags `f0`, `f1` and so on. Each but the last requires the flags that `next` gives, by default its successor. */
function chain(length: number, next: (index: number) => readonly string[] = (index) => [`f${index + 1}`]): NewFlag[] {
  return Array.from({ length }, (_, index) => ({
    name: `f${index}`,
    rollout: 100,
    ...(index + 1 < length ? { requires: next(index).map((flag) => ({ flag })) } : {}),
  }))
}

/** The same view, and how many flags were looked up in it. */
function counted(view: EvaluationView): { readonly view: EvaluationView; readonly lookups: () => number } {
  let lookups = 0
  return {
    view: {
      ...view,
      flag: (name) => {
        lookups++
        return view.flag(name)
      },
    },
    lookups: () => lookups,
  }
}

function evaluate(name: string, flags: readonly NewFlag[]): { readonly enabled: boolean; readonly lookups: number } {
  const { view, lookups } = counted(viewOf({ flags }, hash))
  const flag = view.flag(name) as CompiledFlag
  const { enabled } = flag.evaluate(ada, view)
  return { enabled, lookups: lookups() - 1 }
}

describe('prerequisites', () => {
  test(`are followed ${MAX_DEPTH} levels deep, and what is deeper is not met`, () => {
    expect(evaluate('f0', chain(MAX_DEPTH + 1)).enabled).toBe(true)
    expect(evaluate('f0', chain(MAX_DEPTH + 2)).enabled).toBe(false)
  })

  test('in a chain of 10,000 flags end at the limit', () => {
    expect(evaluate('f0', chain(10_000))).toEqual({ enabled: false, lookups: MAX_DEPTH })
  })

  test('are evaluated once each, however many flags require them', () => {
    const layers = 50
    const flags = Array.from({ length: layers }, (_, layer) =>
      ['a', 'b'].map((side) => ({
        name: `${side}${layer}`,
        rollout: 100,
        ...(layer + 1 < layers ? { requires: [{ flag: `a${layer + 1}` }, { flag: `b${layer + 1}` }] } : {}),
      })),
    ).flat()
    expect(evaluate('a0', flags)).toEqual({ enabled: true, lookups: 2 * (layers - 1) })
  })

  test('in a circle are not met, wherever it is entered and however long it is', () => {
    for (const length of [1, 2, 3, 50, 200]) {
      const flags = chain(length + 1, (index) => [`f${(index + 1) % length}`]).slice(0, length)
      for (const start of [0, Math.floor(length / 2), length - 1])
        expect(evaluate(`f${start}`, flags).enabled, `${start} of ${length}`).toBe(false)
    }
  })

  test('in many interwoven circles end at once', () => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`)
    const flags = names.map((name) => ({ name, rollout: 100, requires: names.map((flag) => ({ flag })) }))
    const { enabled, lookups } = evaluate('f0', flags)
    expect(enabled).toBe(false)
    expect(lookups).toBeLessThan(names.length)
  })

  test('that are unknown are not met, nor those that do not exist', () => {
    const flag = new CompiledFlag(recordOf({ name: 'f', rollout: 100, requires: [{ flag: 'g' }] }), hash)
    for (const found of [null, undefined]) {
      expect(flag.evaluate(ada, { now: 0, flag: () => found, segment: () => null })).toMatchObject({
        enabled: false,
        reason: 'DEFAULT',
        unmet: 'g',
      })
    }
  })

  test('are traced with the reason why each is met or not', () => {
    const variants = [{ name: 'a', value: 1, weight: 1 }]
    const requires = [{ flag: 'on' }, { flag: 'off' }, { flag: 'on', variant: 'b' }, { flag: 'gone' }, { flag: 'f' }, { flag: 'deep0' }]
    const deep = chain(MAX_DEPTH + 5).map(({ name, requires: next = [], ...flag }) => ({
      ...flag,
      name: name.replace('f', 'deep'),
      requires: next.map((each) => ({ flag: each.flag.replace('f', 'deep') })),
    }))
    const flags: NewFlag[] = [{ name: 'on', rollout: 100, variants }, { name: 'off', rollout: 0 }, ...deep]
    const flag = new CompiledFlag(recordOf({ name: 'f', rollout: 100, requires }), hash)
    const { decision, prerequisites } = trace(flag, ada, viewOf({ flags }, hash))
    expect(decision.unmet).toBe('off')
    expect(prerequisites.map(({ met, why }) => [met, why])).toEqual([
      [true, 'on'],
      [false, 'off'],
      [false, 'another variant'],
      [false, 'no such flag'],
      [false, 'a cycle'],
      [false, 'off'],
    ])
    expect(prerequisites[0]).toMatchObject({ flag: 'on', decision: { name: 'on', enabled: true, variant: 'a' } })
    expect(prerequisites[2]).toMatchObject({ flag: 'on', variant: 'b' })
  })
})
