import { describe, expect, test } from 'vitest'
import { createFlags, memoryStore } from '../../src/index.ts'
import { createTestFlags, everyCombination } from '../../src/testing/index.ts'
import { ManualClock } from '../manual-clock.ts'

describe('createTestFlags', () => {
  test('accepts on, off, a value for everybody, and a flag in full', async () => {
    const flags = createTestFlags({
      on: true,
      off: false,
      limit: 50,
      theme: 'dark',
      half: { rollout: 50 },
      pro: { rules: [{ when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] }] },
    })
    expect([await flags.isEnabled('on'), await flags.isEnabled('off', 'ada')]).toEqual([true, false])
    expect([await flags.value('limit', 'ada', { default: 1 }), await flags.value('theme', 'ada', { default: 'light' })]).toEqual([
      50,
      'dark',
    ])
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, user) => flags.isEnabled('half', user)))
    expect(Math.abs(answers.filter(Boolean).length - 500)).toBeLessThan(80)
    expect(await flags.isEnabled('pro', { targetingKey: 'ada', plan: 'pro' })).toBe(true)
    expect(await flags.isEnabled('pro', { targetingKey: 'ada', plan: 'free' })).toBe(false)
  })

  test('answers the default of the schema for a flag that the test does not mention', async () => {
    const flags = createTestFlags({}, { schema: { known: { default: true } } })
    expect(await flags.isEnabled('known', 'ada')).toBe(true)
  })

  test('refuses a flag that could not be created', () => {
    expect(() => createTestFlags({ 'no name': true })).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
    expect(() => createTestFlags({ over: { rollout: 101 } })).toThrow(expect.objectContaining({ code: 'INVALID_FLAG' }))
    expect(() => createTestFlags(null as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })

  test('shares nothing between two of them', async () => {
    const [one, two] = [createTestFlags({ a: true }), createTestFlags({ a: false })]
    using _ = one.override({ b: true })
    await one.admin.update('a', { enabled: false })
    expect([await one.isEnabled('a'), await two.isEnabled('b'), await two.isEnabled('a')]).toEqual([false, false, false])
  })

  test('uses the clock that it is given', async () => {
    const clock = new ManualClock()
    const at = (ms: number) => new Date(clock.now() + ms).toISOString()
    const flags = createTestFlags({ slow: { ramp: { from: { at: at(0), rollout: 0 }, to: { at: at(1_000), rollout: 100 } } } }, { clock })
    expect(await flags.isEnabled('slow', 'ada')).toBe(false)
    await clock.advance(1_000)
    expect(await flags.isEnabled('slow', 'ada')).toBe(true)
  })

  test('has segments where rules need them', async () => {
    const rules = [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'staff' }] }] as const
    const flags = createTestFlags({ debug: { rules } }, { segments: [{ name: 'staff', members: ['ada'] }] })
    expect([await flags.isEnabled('debug', 'ada'), await flags.isEnabled('debug', 'ben')]).toEqual([true, false])
  })
})

describe('override', () => {
  test('holds until the end of the block', async () => {
    const flags = createTestFlags({ a: false })
    {
      using _ = flags.override({ a: true, extra: true })
      expect([await flags.isEnabled('a', 'ada'), await flags.isEnabled('extra', 'ada')]).toEqual([true, true])
      expect((await flags.snapshot()).isEnabled('a', 'ada')).toBe(true)
      expect((await flags.explain('a', 'ada')).evaluation.enabled).toBe(true)
    }
    expect([await flags.isEnabled('a', 'ada'), await flags.isEnabled('extra', 'ada')]).toEqual([false, false])
    expect((await flags.snapshot()).isEnabled('a', 'ada')).toBe(false)
  })

  test('gives way to a later one, and they may end in any order', async () => {
    const flags = createTestFlags({ theme: 'light' })
    const theme = (): Promise<string> => flags.value('theme', 'ada', { default: 'none' })
    const [dark, blue] = [flags.override({ theme: 'dark' }), flags.override({ theme: 'blue' })]
    expect(await theme()).toBe('blue')
    dark[Symbol.dispose]()
    expect(await theme()).toBe('blue')
    blue[Symbol.dispose]()
    blue[Symbol.dispose]()
    expect(await theme()).toBe('light')
  })

  test('is refused where the flag could not be created, and then changes nothing', async () => {
    const flags = createTestFlags({ a: false })
    expect(() => flags.override({ a: true, b: { rollout: -1 } })).toThrow(expect.objectContaining({ code: 'INVALID_FLAG' }))
    expect(await flags.isEnabled('a')).toBe(false)
  })

  test('leaves a snapshot that was taken before as it was', async () => {
    const flags = createTestFlags({ a: false })
    const before = await flags.snapshot()
    using _ = flags.override({ a: true })
    expect([before.isEnabled('a', 'ada'), (await flags.snapshot()).isEnabled('a', 'ada')]).toEqual([false, true])
  })
})

describe('everyCombination', () => {
  test('gives each combination of flags on and off', async () => {
    const flags = createTestFlags()
    const seen: boolean[][] = []
    for (const combination of everyCombination(['a', 'b'])) {
      using _ = flags.override(combination)
      seen.push([await flags.isEnabled('a'), await flags.isEnabled('b')])
    }
    expect(seen).toEqual([
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ])
  })

  test('gives one for no flags, and refuses more than 16', () => {
    expect(everyCombination([])).toEqual([{}])
    expect(everyCombination(Array.from({ length: 16 }, (_, index) => `f${index}`))).toHaveLength(65_536)
    expect(() => everyCombination(Array.from({ length: 17 }, (_, index) => `f${index}`))).toThrow('too many combinations')
  })
})

describe('a pattern that its library refuses', () => {
  const rules = [{ when: [{ attribute: 'email', operator: 'matches', value: '(?=a)b' }] }] as const
  const refusal = expect.objectContaining({ code: 'INVALID_FLAG', message: expect.stringContaining('when.0.value: expected a pattern') })

  test('is refused at once, in flags, segments and overrides', () => {
    expect(() => createTestFlags({ beta: { rules } })).toThrow(refusal)
    expect(() => createTestFlags({}, { segments: [{ name: 'beta', when: rules[0].when }] })).toThrow(refusal)
    expect(() => createTestFlags().override({ beta: { rules } })).toThrow(refusal)
  })

  test('is reported when the flag is first used, where memoryStore starts with it', async () => {
    const errors: string[] = []
    const good = { when: [{ attribute: 'email', operator: 'matches', value: 'a' }] } as const
    const store = memoryStore({
      segments: [{ name: 'beta', when: rules[0].when }],
      flags: [{ name: 'debug', rules: [good, { when: [...good.when, ...rules[0].when] }, ...rules] }],
    })
    const flags = createFlags({
      store,
      background: false,
      onError: ({ code, flag, message }) => errors.push(`${code} ${flag}: ${message}`),
    })
    expect(await flags.isEnabled('debug', { targetingKey: 'ada', email: 'b' })).toBe(false)
    expect(await flags.isEnabled('debug', { targetingKey: 'ada', email: 'a' })).toBe(true)
    await flags.snapshot()
    expect(errors).toEqual([
      expect.stringMatching(/^PARSE_ERROR debug: Flag debug has a condition that is never met, rules\.1\.when\.1: .*, and 1 more\.$/),
      expect.stringMatching(/^PARSE_ERROR segment:beta: Segment beta has a condition that is never met, when\.0: .*[^e]\.$/),
    ])
  })
})

describe('an invalid test flag', () => {
  test.each([[null], [undefined], [['a']], [() => true], [Symbol('x')], [10n]])('of value %s is refused, with its name', (flag) => {
    const refusal = expect.objectContaining({ code: 'INVALID_FLAG', message: expect.stringMatching(/^Flag odd is true, false/) })
    expect(() => createTestFlags({ odd: flag as never })).toThrow(refusal)
    if (flag !== undefined) expect(() => createTestFlags().override({ odd: flag as never })).toThrow(refusal)
  })

  test('with a name in its fields keeps the name that it is listed under', async () => {
    const full = { name: 'other', rollout: 100 }
    const flags = createTestFlags({ a: full })
    expect([await flags.isEnabled('a', 'ada'), await flags.isEnabled('other', 'ada')]).toEqual([true, false])
    using _ = flags.override({ b: full, c: undefined as never })
    expect([await flags.isEnabled('b', 'ada'), await flags.isEnabled('other', 'ada')]).toEqual([true, false])
  })
})

describe('a snapshot of test flags', () => {
  test('is the same object as long as nothing changed', async () => {
    const flags = createTestFlags({ a: false }, { segments: [{ name: 'staff' }] })
    const first = await flags.snapshot()
    expect(await flags.snapshot()).toBe(first)
    const override = flags.override({ a: true })
    const second = await flags.snapshot()
    expect([second === first, await flags.snapshot()]).toEqual([false, second])
    override[Symbol.dispose]()
    const third = await flags.snapshot()
    expect([third === second, third.isEnabled('a')]).toEqual([false, false])
    override[Symbol.dispose]()
    expect(await flags.snapshot()).toBe(third)
  })

  test('has the changes made by administration', async () => {
    const flags = createTestFlags({ a: false })
    await flags.snapshot()
    await flags.admin.update('a', { enabled: true })
    expect((await flags.snapshot()).isEnabled('a', 'ada')).toBe(true)
    await flags.admin.segments.create({ name: 'staff', members: ['ada'] })
    await flags.admin.update('a', { rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'staff' }], rollout: 0 }] })
    expect((await flags.snapshot()).isEnabled('a', 'ada')).toBe(false)
  })

  test('is refused once they are closed', async () => {
    const flags = createTestFlags()
    await flags.close()
    await expect(flags.snapshot()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

test('overrides in nested blocks end one by one, also where a block ends by an error', async () => {
  const flags = createTestFlags({ a: 'none', base: true, top: { rollout: 100, requires: [{ flag: 'base' }] } })
  const a = (): Promise<string> => flags.value('a', 'ada', { default: 'default' })
  {
    using _outer = flags.override({ a: 'outer', base: false })
    expect(await flags.isEnabled('top', 'ada')).toBe(false)
    try {
      using _inner = flags.override({ a: 'inner' })
      expect([await a(), await flags.isEnabled('base', 'ada')]).toEqual(['inner', false])
      throw new Error('over')
    } catch {
      expect(await a()).toBe('outer')
    }
  }
  expect([await a(), await flags.isEnabled('top', 'ada')]).toEqual(['none', true])
})
