import { beforeAll, describe, expect, test } from 'vitest'
import { type Condition, FlagsError, type JsonValue, type Rule } from '../../src/adapter.ts'
import { valueText } from '../../src/errors/value-text.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { targetOf } from '../../src/evaluate/target.ts'
import { trace } from '../../src/evaluate/trace.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { checkNewFlag } from '../../src/validate/check-flag.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import { recordOf, target, viewOf } from './views.ts'

let hash: Hash
let libraries: OperatorLibraries
beforeAll(async () => {
  hash = await loadHash()
  libraries = await loadOperatorLibraries(new Set(['regExp', 'semver']))
})

function isMet(condition: Condition, context: unknown): boolean {
  const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when: [condition] }] }), hash, libraries)
  return flag.evaluate(target(context), viewOf({}, hash)).enabled
}

const on = (operator: Condition['operator'], value?: JsonValue, attribute = 'x'): Condition => ({
  attribute,
  operator,
  ...(value === undefined ? {} : { value }),
})
const exists = (attribute: string): Condition => on('exists', undefined, attribute)
const boom = (): never => {
  throw new Error('boom')
}

describe('a text of 1 MB', () => {
  const x = 'a'.repeat(1_000_000)

  test('meets no operator that takes texts, nor its negation, but it exists', () => {
    const texts: Condition[] = [
      on('equals', 'a'),
      on('in', ['a']),
      on(
        'in',
        Array.from({ length: 9 }, (_, index) => `${index}`),
      ),
      on('contains', 'a'),
      on('startsWith', 'a'),
      on('endsWith', 'a'),
      on('matches', '(a+)+$'),
      on('before', '2026-01-01T00:00:00Z'),
      on('semverEquals', '1.0.0'),
      on('inCidr', '::/0'),
    ]
    for (const condition of texts) {
      for (const more of [{}, { not: true }, { ignoreCase: true }])
        expect(isMet({ ...condition, ...more }, { x }), condition.operator).toBe(false)
    }
    expect(isMet(on('exists'), { x })).toBe(true)
  })

  test('is hashed where bucketBy names it', () => {
    const flag = new CompiledFlag(recordOf({ name: 'f', rollout: 50, bucketBy: 'x' }), hash)
    expect(flag.evaluate(target({ x }), viewOf({}, hash))).toMatchObject({ reason: 'SPLIT', bucket: expect.any(Number) })
  })

  test('is shown in 200 characters', () => {
    const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when: [on('exists')] }] }), hash)
    const { actual = '' } = trace(flag, target({ x }), viewOf({}, hash)).rules[0]?.conditions[0] ?? {}
    expect(actual.length).toBe(200)
    expect(actual.endsWith('…')).toBe(true)
  })
})

describe('a list', () => {
  test('of more than 10,000 elements meets no operator, nor its negation, but it exists', () => {
    const list = (length: number): unknown => ({ x: [...Array.from({ length: length - 1 }, () => 'b'), 'a'] })
    for (const operator of ['equals', 'contains'] as const) {
      expect([isMet(on(operator, 'a'), list(10_000)), isMet(on(operator, 'a'), list(10_001))]).toEqual([true, false])
      expect(isMet({ ...on(operator, 'c'), not: true }, list(10_001))).toBe(false)
    }
    expect(isMet(on('exists'), list(10_001))).toBe(true)
  })

  test('with holes, of a claimed length of 4 billion or of itself is harmless', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    for (const x of [new Array(3), new Array(4_294_967_295), cyclic]) {
      for (const operator of ['contains', 'matches'] as const) expect(isMet(on(operator, 'a'), { x })).toBe(false)
    }
  })
})

describe('an attribute', () => {
  test('of a prototype is missing, also where the prototype was polluted', () => {
    const context = Object.create({ plan: 'pro' }) as Record<string, unknown>
    context['x'] = 1
    expect(isMet(exists('plan'), context)).toBe(false)
    for (const attribute of ['__proto__', 'constructor', 'toString', 'x.constructor', '__proto__.polluted', 'hasOwnProperty']) {
      expect(isMet(exists(attribute), { x: {} }), attribute).toBe(false)
    }
    Object.defineProperty(Object.prototype, 'polluted', { value: 'yes', configurable: true })
    try {
      expect(isMet(exists('polluted'), { x: 1 })).toBe(false)
      expect(isMet(on('equals', 'yes', 'x.polluted'), { x: {} })).toBe(false)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted')
    }
  })

  test('named __proto__ in parsed JSON is an attribute like any other, and changes nothing', () => {
    const context: unknown = JSON.parse('{"__proto__": {"isAdmin": true}}')
    expect(isMet(on('equals', true, '__proto__.isAdmin'), context)).toBe(true)
    expect(isMet(exists('isAdmin'), context)).toBe(false)
    expect({}).not.toHaveProperty('isAdmin')
  })

  test('whose getter throws is missing, and the others are read', () => {
    const context = {
      get x() {
        return boom()
      },
      y: 1,
    }
    expect([isMet(on('exists'), context), isMet({ ...on('exists'), not: true }, context), isMet(exists('y'), context)]).toEqual([
      false,
      true,
      true,
    ])
    expect(isMet({ ...on('inSegment', 'beta'), not: true }, context)).toBe(false)
  })

  test('that is read by several conditions is read once', () => {
    let reads = 0
    const context = {
      get x() {
        return ++reads
      },
    }
    const when = [on('equals', 1), on('lessThan', 2), on('in', [1, 2])]
    const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when }, { when }] }), hash)
    expect([flag.evaluate(target(context), viewOf({}, hash)).enabled, reads]).toEqual([true, 1])
  })

  test('is not read once a condition before it is not met', () => {
    const context = {
      y: 1,
      get x() {
        throw new Error('was read')
      },
    }
    let reads = 0
    const spied = new Proxy(context, {
      getOwnPropertyDescriptor: (holder, name) => {
        if (name === 'x') reads++
        return Reflect.getOwnPropertyDescriptor(holder, name)
      },
    })
    const who = target(spied)
    reads = 0
    const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when: [on('equals', 2, 'y'), on('exists')] }] }), hash)
    expect([flag.evaluate(who, viewOf({}, hash)).enabled, reads]).toEqual([false, 0])
  })

  test('that JSON cannot hold is missing', () => {
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY, 10n, Symbol('x'), boom, undefined, null]) {
      expect(isMet(on('exists'), { x })).toBe(false)
      expect(isMet({ ...on('greaterThan', 0), not: true }, { x })).toBe(false)
    }
  })

  test('is found by a path of 1,000 levels, and not by a path deeper than the context', () => {
    const path = Array.from({ length: 1_000 }, () => 'a')
    const deep = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'end')
    expect(isMet(on('equals', 'end', path.join('.')), deep)).toBe(true)
    expect(isMet(exists([...path, 'a'].join('.')), deep)).toBe(false)
    const cyclic: Record<string, unknown> = {}
    cyclic['a'] = cyclic
    expect(isMet(exists(path.join('.')), cyclic)).toBe(true)
  })

  test('that is a Date, also of another realm, is a moment', async () => {
    const { runInNewContext } = await import('node:vm')
    for (const x of [new Date('2026-01-01T00:00:00Z'), runInNewContext("new Date('2026-01-01T00:00:00Z')")]) {
      expect([isMet(on('before', '2026-01-02T00:00:00Z'), { x }), isMet(on('after', '2026-01-02T00:00:00Z'), { x })]).toEqual([true, false])
      expect(isMet(on('equals', '2026-01-01T00:00:00.000Z'), { x })).toBe(false)
    }
  })
})

describe('a context', () => {
  test('is plain where nothing but a key can be read from it', () => {
    const hidden = Object.defineProperty({ targetingKey: 'ada' }, 'plan', { value: 'pro', enumerable: false })
    const plain = (who: unknown): unknown => {
      const found = targetOf(who)
      return found instanceof FlagsError ? found.code : found.plain
    }
    expect(['ada', 42, undefined, {}, { targetingKey: 'ada' }, new Map([['plan', 'pro']])].map(plain)).toEqual(Array(6).fill(true))
    expect([{ targetingKey: 'ada', plan: 'pro' }, { plan: undefined }, hidden, ['ada']].map(plain)).toEqual(Array(4).fill(false))
    expect([new Proxy({}, { ownKeys: boom }), null, 4.5, true].map(plain)).toEqual(Array(4).fill('INVALID_CONTEXT'))
  })
})

describe('10,000 rules', () => {
  const rules: Rule[] = Array.from({ length: 10_000 }, (_, index) => ({ when: [on('equals', `${index}`)] }))

  test('are refused on write, with the limit', () => {
    expect(() => checkNewFlag({ name: 'f', rules })).toThrow(/rules: expected at most 1,000 rules/)
  })

  test('are harmless where they are evaluated without validation', () => {
    const flag = new CompiledFlag(recordOf({ name: 'f', rules }), hash)
    expect(flag.evaluate(target({ x: '9999' }), viewOf({}, hash))).toMatchObject({ enabled: true, rule: { index: 9_999 } })
    expect(flag.evaluate(target({ x: 'none' }), viewOf({}, hash))).toMatchObject({ enabled: false, reason: 'DEFAULT' })
  })
})

describe('a record that was not validated', () => {
  test('has conditions that no operator understands: neither they nor their negations are met', () => {
    const incomprehensible: readonly Condition[] = [
      on('equals'),
      on('equals', null),
      on('in', 'a'),
      on('in', []),
      on('contains', ''),
      on('startsWith', 5),
      on('matches', '('),
      on('matches', 5),
      on('greaterThan', '5'),
      on('before', 'soon'),
      on('semverEquals', '1'),
      on('inCidr', '10.0.0.0/99'),
      on('inSegment', 'not a name'),
      on('exists', true),
      on('unheardOf' as 'equals', 'a'),
      on('constructor' as 'equals', 'a'),
    ]
    for (const condition of incomprehensible) {
      for (const not of [false, true]) expect(isMet({ ...condition, not }, { x: 'a' }), JSON.stringify(condition)).toBe(false)
    }
  })

  test('has invalid rollouts, which let nobody in', () => {
    const rollouts = [Number.NaN, -1, 1_000] as const
    for (const rollout of rollouts) {
      const flag = new CompiledFlag(recordOf({ name: 'f', rules: [{ when: [], rollout }] }), hash)
      expect(flag.evaluate(target('ada'), viewOf({}, hash)).enabled).toBe(false)
    }
  })
})

describe('the text of a value', () => {
  test.each([
    ['text', '"text"'],
    [5, '5'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [10n, '10'],
    [Symbol('s'), 'Symbol(s)'],
    [boom, 'a function'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [['a', { b: [1, [2]] }], '["a", {b: […]}]'],
    [{ a: { b: { c: 1 } } }, '{a: {b: {…}}}'],
    [Array.from({ length: 12 }, (_, index) => index), '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …]'],
    [
      Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 0])),
      '{k0: 0, k1: 0, k2: 0, k3: 0, k4: 0, k5: 0, k6: 0, k7: 0, k8: 0, k9: 0, …}',
    ],
    [new Proxy({}, { ownKeys: boom }), 'unreadable'],
    [
      {
        get a() {
          return boom()
        },
      },
      'unreadable',
    ],
  ])('is short and readable: %#', (value, text) => {
    expect(valueText(value)).toBe(text)
  })
})
