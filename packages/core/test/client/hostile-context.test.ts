import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Condition, Flags, NewFlag, Who } from '../../src/index.ts'
import { Fleet } from '../client-fleet.ts'

let fleet: Fleet
let flags: Flags
beforeEach(async () => {
  fleet = new Fleet()
  flags = fleet.client()
  await flags.ready()
})
afterEach(() => fleet.end())

const boom = (): never => {
  throw new Error('boom')
}
const throwing: ProxyHandler<object> = { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom, getPrototypeOf: boom }

/** An object with a value at this depth. */
function deep(levels: number): unknown {
  let inner: unknown = 'end'
  for (let level = 0; level < levels; level++) inner = { a: inner }
  return inner
}

describe('a hostile context', () => {
  const wanted: NewFlag = {
    name: 'wanted',
    rollout: 0,
    rules: [
      { name: 'deep', when: [{ attribute: Array.from({ length: 100 }, () => 'a').join('.'), operator: 'exists' }] },
      { name: 'admin', when: [{ attribute: '__proto__.isAdmin', operator: 'equals', value: true }] },
      { name: 'text', when: [{ attribute: 'text', operator: 'contains', value: 'x' }] },
      { name: 'exists', when: [{ attribute: 'text', operator: 'exists' }] },
    ],
  }
  const ruleFor = async (context: unknown): Promise<string | undefined> => {
    const found = await flags.evaluate('wanted', context as Who)
    const snapshot = await flags.snapshot()
    expect(snapshot.evaluate('wanted', context as Who).rule).toEqual(found.rule)
    return found.rule?.name
  }

  beforeEach(async () => {
    await flags.admin.create(wanted)
  })

  test('that is 1,000 levels deep, or contains itself, is read as far as the path goes', async () => {
    const cyclic: Record<string, unknown> = { targetingKey: 'ada' }
    cyclic['a'] = cyclic
    expect([await ruleFor(deep(1_000)), await ruleFor(deep(99)), await ruleFor(cyclic)]).toEqual(['deep', undefined, 'deep'])
    expect((await flags.explain('wanted', cyclic)).text).toContain('Rule 1 (deep) matches')
  })

  test('with __proto__ pollutes nothing, and inherited properties do not count', async () => {
    expect(await ruleFor(JSON.parse('{"__proto__": {"isAdmin": true}}'))).toBe('admin')
    expect(await ruleFor(Object.create({ __proto__: { isAdmin: true }, text: 'x' }))).toBeUndefined()
    expect({}).not.toHaveProperty('isAdmin')
  })

  test('with 1 MB in an attribute: `exists` sees it, no other operator takes it', async () => {
    expect([await ruleFor({ text: 'x'.repeat(1_000_000) }), await ruleFor({ text: 'x' })]).toEqual(['exists', 'text'])
  })

  test('that throws gives INVALID_CONTEXT; a getter that throws is a missing attribute', async () => {
    const context = new Proxy({}, throwing) as Who
    expect(await flags.evaluate('wanted', context)).toMatchObject({ errorCode: 'INVALID_CONTEXT', source: 'default' })
    expect((await flags.snapshot()).evaluateAll(context)['wanted']).toMatchObject({ errorCode: 'INVALID_CONTEXT' })
    expect((await flags.explain('wanted', context)).evaluation.errorCode).toBe('INVALID_CONTEXT')
    expect(await ruleFor(Object.defineProperty({}, 'text', { get: boom, enumerable: true }))).toBeUndefined()
    expect(new Set(fleet.codes)).toEqual(new Set(['INVALID_CONTEXT']))
  })
})

describe('a value that is no name', () => {
  test.each([[Object.create(null)], [new Proxy({}, throwing)], [{ toString: boom }], [Symbol('x')], [() => boom]])(
    'is answered as a flag that does not exist: %#',
    async (odd) => {
      const name = odd as string
      expect(await flags.isEnabled(name, 'ada', { default: true })).toBe(true)
      expect(await flags.evaluate(name, 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', source: 'default' })
      expect((await flags.snapshot()).evaluate(name, 'ada')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', source: 'default' })
      expect((await flags.explain(name, 'ada')).layers).toEqual([])
      await expect(flags.admin.get(name)).rejects.toMatchObject({ code: 'INVALID_NAME' })
      await expect(flags.admin.segments.get(name)).rejects.toMatchObject({ code: 'INVALID_NAME' })
    },
  )
})

describe('a hostile flag', () => {
  const when: readonly Condition[] = [{ attribute: 'x', operator: 'equals', value: 'a' }]

  test('with 10,000 rules is refused, and one with 1,000 is evaluated', async () => {
    const rules = (count: number): NewFlag['rules'] => Array.from({ length: count }, (_, index) => ({ when, name: `rule-${index}` }))
    await expect(flags.admin.create({ name: 'many', rules: rules(10_000) as never })).rejects.toMatchObject({
      code: 'INVALID_FLAG',
      message: expect.stringContaining('at most 1,000 rules') as string,
    })
    await flags.admin.create({ name: 'many', rules: rules(1_000) as never })
    expect(await flags.evaluate('many', { x: 'a' })).toMatchObject({ rule: { index: 0 } })
    expect(await flags.evaluate('many', { x: 'b' })).toMatchObject({ enabled: false, reason: 'DEFAULT' })
  })

  test('nested 1,000 levels deep anywhere is refused', async () => {
    const nested = deep(1_000)
    const cyclic: Record<string, unknown> = {}
    cyclic['a'] = cyclic
    for (const value of [nested, cyclic, [nested], deep(25)]) {
      const wrong = [
        { rules: value },
        { rules: [value] },
        { rules: [{ when: value }] },
        { rules: [{ when: [{ attribute: 'x', operator: 'equals', value }] }] },
        { rules: [{ when: [{ attribute: 'x', operator: 'in', value: [value] }] }] },
        { variants: [{ name: 'a', value, weight: 1 }] },
        { requires: [value] },
        { ramp: value },
        { tags: value },
      ]
      for (const fields of wrong) {
        await expect(flags.admin.create({ name: 'deep', ...fields } as NewFlag)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
      }
    }
    await expect(flags.admin.segments.create({ name: 'deep', when: [nested] } as never)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
  })

  test('whose properties throw is refused with a FlagsError', async () => {
    const { admin } = flags
    await admin.create({ name: 'there' })
    for (const trap of [new Proxy({}, throwing), Object.defineProperty({ name: 'odd' }, 'rules', { get: boom, enumerable: true })]) {
      const refused = { name: 'FlagsError', code: expect.stringMatching(/^INVALID_(FLAG|NAME)$/) as string }
      await expect(admin.create(trap as NewFlag)).rejects.toMatchObject(refused)
      await expect(admin.ensure(trap as NewFlag)).rejects.toMatchObject(refused)
      await expect(admin.update('there', trap)).rejects.toMatchObject(refused)
      await expect(admin.segments.create(trap as never)).rejects.toMatchObject(refused)
      await expect(admin.segments.update('there', trap)).rejects.toMatchObject(refused)
      await expect(admin.create({ name: 'odd' }, trap)).rejects.toMatchObject(refused)
    }
  })
})
