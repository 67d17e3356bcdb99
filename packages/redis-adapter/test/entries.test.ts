import { beforeEach, describe, expect, it } from 'vitest'
import { decision, flagFill, openCache, openRedisClient, record, tokenOf, uniquePrefix } from './test-redis.ts'

const redis = openRedisClient()
const prefix = uniquePrefix(redis)
const { cache, reports } = await openCache(prefix)
let count = 0
let name = ''

beforeEach(() => {
  name = `entry_${++count}`
  reports.length = 0
})

describe('key names and lifetimes', () => {
  it('are the documented ones', async () => {
    const token = await tokenOf(cache, name)
    const filled = await cache.fill([
      { ...flagFill(name, token, 3), decision: { kind: 'check', targetingKey: 'ann:1', asOf: 3, value: true, ttlMs: 30_000 } },
      { name, token, decision: { kind: 'endpoint', targetingKey: 'ann:1', asOf: 4, value: decision(name, 'ann:1'), ttlMs: 60_000 } },
    ])
    expect(filled).toEqual([true, true])
    expect((await redis.keys(`${prefix}*${name}*`)).sort()).toEqual([
      `${prefix}feature_flag:${name}`,
      `${prefix}flag_check:${name}:ann:1`,
      `${prefix}flag_endpoint:${name}:ann:1`,
      `${prefix}flag_fence:${name}`,
    ])
    expect(await redis.get(`${prefix}flag_fence:${name}`)).toBe(token)
    expect(await redis.get(`${prefix}feature_flag:${name}`)).toBe(`${token}|3|${JSON.stringify(record(name))}`)
    expect(await redis.get(`${prefix}flag_check:${name}:ann:1`)).toBe(`${token}|3|true`)
    expect(await redis.get(`${prefix}flag_endpoint:${name}:ann:1`)).toBe(`${token}|4|${JSON.stringify(decision(name, 'ann:1'))}`)
    for (const [key, ms] of [
      [`feature_flag:${name}`, 300_000],
      [`flag_check:${name}:ann:1`, 30_000],
      [`flag_endpoint:${name}:ann:1`, 60_000],
      [`flag_fence:${name}`, 86_400_000],
    ] as const) {
      const left = await redis.pttl(prefix + key)
      expect(left, key).toBeLessThanOrEqual(ms)
      expect(left, key).toBeGreaterThan(ms - 5_000)
    }
  })

  it('give a placeholder 60 s, until a flag that exists is filled', async () => {
    const token = await tokenOf(cache, name)
    expect(token).toMatch(/^storeA\.0\.[\w-]{8,}$/)
    const fence = `${prefix}flag_fence:${name}`
    const short = async () => expect(await redis.pttl(fence)).toSatisfy((ms: number) => ms > 50_000 && ms <= 60_000)
    await short()
    await cache.fill([flagFill(name, token, 1, null, 30_000)])
    expect(await redis.get(`${prefix}feature_flag:${name}`)).toBe(`${token}|1|null`)
    await cache.fill([{ name, token, decision: { kind: 'check', targetingKey: 'a', asOf: 1, value: false, ttlMs: 1_000 } }])
    await short()
    await cache.fill([flagFill(name, token, 1)])
    expect(await redis.pttl(fence)).toBeGreaterThan(86_000_000)
  })

  it('leave the lifetime of a raised fence unchanged', async () => {
    await cache.invalidate(name, 5)
    const fence = `${prefix}flag_fence:${name}`
    expect(await redis.pttl(fence)).toBeGreaterThan(86_000_000)
    await redis.pexpire(fence, 40_000)
    await cache.fill([flagFill(name, await tokenOf(cache, name), 5)])
    expect(await redis.pttl(fence)).toBeLessThanOrEqual(40_000)
  })

  it('accept fractions of a millisecond and refuse invalid times and versions', async () => {
    const token = await tokenOf(cache, name)
    expect(await cache.fill([flagFill(name, token, 1, record(name), 0.2)])).toEqual([true])
    const wrong = [flagFill(name, token, -1), flagFill(name, token, 1.5), flagFill(name, token, 1, null, Number.NaN)]
    for (const fill of wrong) await expect(cache.fill([fill])).rejects.toMatchObject({ name: 'FlagsError', code: 'INVALID_OPTIONS' })
  })
})

describe('what was filled', () => {
  it('is returned by one read, each value with its "as of"', async () => {
    const token = await tokenOf(cache, name)
    const value = decision(name, 'ann')
    await cache.fill([
      { ...flagFill(name, token, 7), decision: { kind: 'endpoint', targetingKey: 'ann', asOf: 8, value, ttlMs: 60_000 } },
      { name, token, decision: { kind: 'check', targetingKey: 'ann', asOf: 9, value: false, ttlMs: 30_000 } },
    ])
    const flag = { asOf: 7, value: record(name) }
    expect(
      await cache.read([
        { name, decision: { kind: 'endpoint', targetingKey: 'ann' } },
        { name },
        { name, decision: { kind: 'check', targetingKey: 'ann' } },
        { name, decision: { kind: 'check', targetingKey: 'bob' } },
      ]),
    ).toEqual([
      { token, fenceVersion: 0, flag, decision: { asOf: 8, value } },
      { token, fenceVersion: 0, flag },
      { token, fenceVersion: 0, flag, decision: { asOf: 9, value: false } },
      { token, fenceVersion: 0, flag },
    ])
    expect(await cache.read([])).toEqual([])
    expect(await cache.fill([])).toEqual([])
    expect(reports).toEqual([])
  })

  it('can be that a flag does not exist', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 2, null)])
    expect(await cache.read([{ name }])).toEqual([{ token, fenceVersion: 0, flag: { asOf: 2, value: null } }])
  })

  const keys = {
    colons: 'a:b::c',
    braces: '{other}{',
    newline: 'a\r\nb',
    NUL: 'a\0b',
    bars: '|1|true',
    emoji: '👩‍🚀',
    'a lone surrogate': 'a\uD800b',
    '256 bytes': 'x'.repeat(256),
    nothing: '',
    __proto__: '__proto__',
  }
  it.each(Object.entries(keys))('can belong to a targeting key of %s', async (_, targetingKey) => {
    const token = await tokenOf(cache, name)
    const value = decision(name, targetingKey)
    const filled = await cache.fill([
      { name, token, decision: { kind: 'check', targetingKey, asOf: 1, value: true, ttlMs: 30_000 } },
      { name, token, decision: { kind: 'endpoint', targetingKey, asOf: 1, value, ttlMs: 30_000 } },
    ])
    expect(filled).toEqual([true, true])
    const reads = await cache.read([
      { name, decision: { kind: 'check', targetingKey } },
      { name, decision: { kind: 'endpoint', targetingKey } },
    ])
    expect(reads.map((read) => read.decision?.value)).toEqual([true, value])
    expect(reports).toEqual([])
    expect(await redis.exists(`${prefix}flag_check:${name}:${targetingKey}`)).toBe(1)
  })

  it('is shared by keys that differ in lone surrogates only, which hash alike', async () => {
    const token = await tokenOf(cache, name)
    const value = decision(name, '\uD800')
    await cache.fill([{ name, token, decision: { kind: 'endpoint', targetingKey: '\uD800', asOf: 1, value, ttlMs: 30_000 } }])
    const [read] = await cache.read([{ name, decision: { kind: 'endpoint', targetingKey: '\uDC00' } }])
    expect(read?.decision?.value).toEqual({ ...value, targetingKey: '\uDC00' })
    expect(reports).toEqual([])
  })
})

describe('a flag that is unchanged since the last read', () => {
  const key = (): string => `${prefix}feature_flag:${name}`
  const found = async (): Promise<unknown> => (await cache.read([{ name }]))[0]?.flag

  it('returns the same record object, until another is filled', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 1)])
    const first = await cache.read([{ name }, { name }])
    const [again] = await cache.read([{ name }])
    expect(again?.flag?.value).toBe(first[0]?.flag?.value)
    expect(first[1]?.flag?.value).toBe(first[0]?.flag?.value)
    await cache.fill([flagFill(name, token, 2, record(name, 2, { rollout: 7 }))])
    expect(await found()).toEqual({ asOf: 2, value: record(name, 2, { rollout: 7 }) })
    await cache.fill([flagFill(name, token, 3, record(name, 2, { rollout: 7 }))])
    expect(await found()).toEqual({ asOf: 3, value: record(name, 2, { rollout: 7 }) })
    await cache.fill([flagFill(name, token, 4, null)])
    expect(await found()).toEqual({ asOf: 4, value: null })
  })

  it('is ignored while another fence is set, and returned again after it', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 1)])
    const before = await found()
    expect(before).toEqual({ asOf: 1, value: record(name) })
    await redis.set(`${prefix}flag_fence:${name}`, `${token}x`)
    expect(await cache.read([{ name }])).toEqual([{ token: `${token}x`, fenceVersion: 0 }])
    await redis.set(`${prefix}flag_fence:${name}`, token)
    expect(await found()).toEqual(before)
    await redis.set(`${prefix}flag_fence:${name}`, token.replace('storeA', 'storeB'))
    expect(await found()).toBeUndefined()
  })

  it('is reported as corrupt each time, if it was corrupt meanwhile', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 1)])
    const text = (await redis.get(key())) ?? ''
    for (const times of [1, 2, 3]) {
      await redis.set(key(), text)
      expect(await found()).toEqual({ asOf: 1, value: record(name) })
      await redis.set(key(), `${text},`)
      expect(await found()).toBeUndefined()
      expect(reports).toHaveLength(times)
    }
  })

  it('is also returned if it is one of thousands, or long', async () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `${name}_${index}`)
    const wanted = names.map((each) => ({ name: each }))
    const tokens = await cache.read(wanted)
    await cache.fill(names.map((each, index) => flagFill(each, tokens[index]?.token ?? '', 1, record(each))))
    for (const _ of [1, 2]) {
      expect((await cache.read(wanted)).map((read) => read.flag?.value)).toEqual(names.map((each) => record(each)))
    }
    const token = await tokenOf(cache, name)
    await redis.set(key(), `${token}|1|${JSON.stringify(record(name, 1, { unknown: 'x'.repeat(20_000) }))}`)
    for (const _ of [1, 2]) expect(await found()).toEqual({ asOf: 1, value: record(name) })
  })
})

describe('a corrupt entry', () => {
  const bodies = {
    'no entry at all': () => 'garbage',
    'without "as of"': (token: string) => `${token}|{}`,
    'of an impossible "as of"': (token: string) => `${token}|99999999999999999|null`,
    'of an "as of" that is no number': (token: string) => `${token}|1e3|null`,
    'not JSON': (token: string) => `${token}|9000|{`,
    'of the wrong shape': (token: string) => `${token}|9000|{"__proto__":{"enabled":true},"rollout":5}`,
    'of another flag': (token: string) => `${token}|9000|${JSON.stringify(record('other'))}`,
    empty: () => '',
  }
  it.each(Object.entries(bodies))('is a miss, is reported once and is replaced, when a flag is %s', async (_, body) => {
    const token = await tokenOf(cache, name)
    await redis.set(`${prefix}feature_flag:${name}`, body(token))
    expect(await cache.read([{ name }])).toEqual([{ token, fenceVersion: 0 }])
    expect(reports).toMatchObject([{ code: 'PARSE_ERROR', flag: name }])
    await cache.read([{ name }])
    expect(await cache.fill([flagFill(name, token, 1)])).toEqual([true])
    expect(await cache.read([{ name }])).toEqual([{ token, fenceVersion: 0, flag: { asOf: 1, value: record(name) } }])
    expect(reports).toHaveLength(1)
    expect(({} as { enabled?: unknown }).enabled).toBeUndefined()
  })

  it.each([
    ['check', 'yes'],
    ['check', ''],
    ['endpoint', 'true'],
    ['endpoint', '['],
    ['endpoint', JSON.stringify(decision('other', 'ann'))],
  ] as const)('is a miss, is reported once and is replaced, when a decision for %s is %s', async (kind, body) => {
    const token = await tokenOf(cache, name)
    await redis.set(`${prefix}flag_${kind}:${name}:ann`, `${token}|9000|${body}`)
    const want = { name, decision: { kind, targetingKey: 'ann' } }
    expect(await cache.read([want])).toEqual([{ token, fenceVersion: 0 }])
    await cache.read([want])
    expect(reports).toMatchObject([{ code: 'PARSE_ERROR', flag: name }])
    const value = kind === 'check' ? true : decision(name, 'ann')
    expect(await cache.fill([{ name, token, decision: { ...want.decision, asOf: 1, value, ttlMs: 9_000 } }])).toEqual([true])
    expect(await cache.read([want])).toEqual([{ token, fenceVersion: 0, decision: { asOf: 1, value } }])
    expect(reports).toHaveLength(1)
  })

  it('is overwritten by a fill before any read, and reported', async () => {
    const token = await tokenOf(cache, name)
    await redis.set(`${prefix}feature_flag:${name}`, 'garbage')
    expect(await cache.fill([flagFill(name, token, 1)])).toEqual([true])
    expect(reports).toMatchObject([{ code: 'PARSE_ERROR', flag: name }])
  })

  it.each(['feature_flag:', 'flag_check:', 'flag_endpoint:'])(
    'of another Redis type under %s is overwritten by the fill, and reported',
    async (head) => {
      const token = await tokenOf(cache, name)
      const key = head === 'feature_flag:' ? `${prefix}${head}${name}` : `${prefix}${head}${name}:ann`
      await redis.rpush(key, 'a list')
      const kind = head === 'flag_endpoint:' ? ('endpoint' as const) : ('check' as const)
      const value = kind === 'check' ? true : decision(name, 'ann')
      const want = { name, decision: { kind, targetingKey: 'ann' } }
      expect(await cache.read([want])).toEqual([{ token, fenceVersion: 0 }])
      const fill = { ...flagFill(name, token, 1), decision: { ...want.decision, asOf: 1, value, ttlMs: 9_000 } }
      expect(await cache.fill([fill])).toEqual([true])
      expect(reports).toMatchObject([{ code: 'PARSE_ERROR', flag: name }])
      expect(await cache.read([want])).toMatchObject([{ flag: { asOf: 1 }, decision: { value } }])
    },
  )

  it('does not include a record of a newer build, which stays without a report', async () => {
    const token = await tokenOf(cache, name)
    const newer = `${token}|4|${JSON.stringify(record(name, 4, { schema: 99 }))}`
    await redis.set(`${prefix}feature_flag:${name}`, newer)
    expect(await cache.read([{ name }])).toEqual([{ token, fenceVersion: 0 }])
    expect(await redis.get(`${prefix}feature_flag:${name}`)).toBe(newer)
    expect(reports).toEqual([])
  })

  it('does not include an entry with an outdated token', async () => {
    const token = await tokenOf(cache, name)
    await cache.fill([flagFill(name, token, 1)])
    await redis.set(`${prefix}flag_fence:${name}`, `${token}x`)
    expect(await cache.read([{ name }])).toEqual([{ token: `${token}x`, fenceVersion: 0 }])
    await redis.set(`${prefix}feature_flag:${name}`, `${token}xy|1|null`)
    expect(await cache.read([{ name }])).toEqual([{ token: `${token}x`, fenceVersion: 0 }])
    expect(reports).toEqual([])
  })
})
