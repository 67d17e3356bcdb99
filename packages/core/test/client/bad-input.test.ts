import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFlags, defineFlags, type FlagsOptions, memoryStore } from '../../src/index.ts'
import { Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 50 })
})
afterEach(() => fleet.end())

const BAD_NAMES = ['', ' ', '.a', '_a', '-a', 'a b', 'a:b', 'a/b', 'a{b}', 'a\n', 'a\0', 'é', '😀', '__proto__', 'x'.repeat(129)]
const NOT_NAMES = [undefined, null, 7, {}, [], Symbol('x')]

describe('an invalid flag name', () => {
  test.each([...BAD_NAMES, ...NOT_NAMES].map((name) => [name]))('%j is refused by administration, and nothing is written', async (name) => {
    const { admin } = fleet.client()
    const calls = [
      admin.create({ name: name as string }),
      admin.get(name as string),
      admin.update(name as string, { rollout: 1 }),
      admin.delete(name as string),
      admin.history(name as string),
    ]
    for (const call of await Promise.allSettled(calls)) {
      expect(call.status === 'rejected' && call.reason).toMatchObject({
        code: 'INVALID_NAME',
        message: expect.stringContaining('letter or digit'),
      })
    }
    expect(await admin.list()).toHaveLength(1)
  })

  test.each([...BAD_NAMES, ...NOT_NAMES].map((name) => [name]))(
    '%j is answered as a flag that does not exist, and no layer is asked',
    async (name) => {
      const flags = fleet.client()
      expect(await flags.isEnabled(name as string, 'ada', { default: true })).toBe(true)
      expect(await flags.evaluate(name as string, 'ada')).toMatchObject({ enabled: false, errorCode: 'FLAG_NOT_FOUND', source: 'default' })
      expect(flags.stats().store.reads).toBe(0)
    },
  )

  test.each(['constructor', 'toString', 'hasOwnProperty', 'prototype', '0', 'A.b_c-9', 'x'.repeat(128)])(
    '%s is a valid name',
    async (name) => {
      const flags = fleet.client()
      expect(await flags.isEnabled(name, 'ada')).toBe(false)
      await flags.admin.create({ name, rollout: 100 })
      expect(await flags.isEnabled(name, 'ada')).toBe(true)
      await settle()
      expect(await fleet.client().isEnabled(name, 'ada')).toBe(true)
    },
  )
})

describe('a flag that breaks the schema', () => {
  const BAD: readonly (readonly [string, object, string])[] = [
    ['a rollout that is NaN', { rollout: Number.NaN }, 'rollout: expected a number from 0 to 100'],
    ['a negative rollout', { rollout: -1 }, 'rollout: expected a number from 0 to 100 with at most three decimals, received -1'],
    ['a rollout above 100', { rollout: 100.001 }, 'rollout: expected'],
    ['a rollout finer than three decimals', { rollout: 0.0001 }, 'with at most three decimals'],
    ['a rollout that is text', { rollout: '50' }, 'rollout: expected a number from 0 to 100, received "50"'],
    ['an unknown field', { rolout: 50 }, 'rolout: expected'],
    ['a salt with a colon', { salt: 'a:b' }, 'salt: expected no ":" in it'],
    ['an empty salt', { salt: '' }, 'salt: expected at least 1 character'],
    ['text with NUL', { description: 'a\0b' }, 'description: expected well-formed Unicode without NUL'],
    ['text with a lone surrogate', { owner: 'a\ud800' }, 'owner: expected well-formed Unicode'],
    ['too many tags', { tags: Array.from({ length: 51 }, () => 'x') }, 'tags: expected at most 50 tags'],
    ['a tag that is no text', { tags: [7] }, 'tags.0: expected a string, received 7'],
    ['a date without a time zone', { expiresAt: '2026-12-31' }, 'expiresAt: expected an ISO 8601 timestamp'],
    ['a date that does not exist', { expiresAt: '2026-13-31T00:00:00Z' }, 'expiresAt: expected an ISO 8601 timestamp'],
    ['enabled as a number', { enabled: 1 }, 'enabled: expected true or false, received 1'],
    ['a version', { version: 9 }, 'version: expected'],
  ]

  test.each(BAD)('%s is refused with INVALID_FLAG on create and on update, and nothing is written', async (_, fields, message) => {
    const { admin } = fleet.client()
    const refusal = { code: 'INVALID_FLAG', flag: expect.any(String), message: expect.stringContaining(message) }
    await expect(admin.create({ name: 'bad', ...fields })).rejects.toMatchObject(refusal)
    await expect(admin.update('new_feature', fields)).rejects.toMatchObject(refusal)
    expect(await admin.list()).toEqual([expect.objectContaining({ name: 'new_feature', version: 1, rollout: 50 })])
  })

  test.each([undefined, null, 7, 'x', []].map((input) => [input]))('%j is not a patch', async (input) => {
    const { admin } = fleet.client()
    await expect(admin.update('new_feature', input as never)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
    await expect(admin.create(input as never)).rejects.toMatchObject({ code: 'INVALID_NAME' })
  })

  test('null removes an optional field, and is refused for the others', async () => {
    const { admin } = fleet.client()
    await admin.update('new_feature', { owner: 'team-a', tags: ['x'], salt: 'fixed' })
    const { flag } = await admin.update('new_feature', { owner: null, tags: null })
    expect(flag).toMatchObject({ salt: 'fixed', rollout: 50 })
    expect([Object.hasOwn(flag, 'owner'), Object.hasOwn(flag, 'tags')]).toEqual([false, false])
    await expect(admin.update('new_feature', { rollout: null } as never)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
  })

  test('change metadata that breaks the schema is refused too', async () => {
    const { admin } = fleet.client()
    for (const meta of [{ actor: 7 }, { expectedVersion: -1 }, { expectedVersion: 1.5 }, { who: 'ada' }, { reason: 'x'.repeat(2_001) }]) {
      await expect(admin.update('new_feature', { rollout: 1 }, meta as never)).rejects.toMatchObject({ code: 'INVALID_FLAG' })
    }
    expect(await admin.get('new_feature')).toMatchObject({ version: 1 })
  })

  test('`__proto__` in a patch is an unknown field and pollutes nothing', async () => {
    const { admin } = fleet.client()
    const patch = JSON.parse('{"__proto__": {"polluted": true}, "rollout": 10}')
    await admin.update('new_feature', patch).catch(() => undefined)
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined)
    expect(await admin.get('new_feature')).not.toHaveProperty('polluted')
  })
})

describe('create, update and delete', () => {
  test('of an existing flag: create is FLAG_EXISTS', async () => {
    await expect(fleet.client().admin.create({ name: 'new_feature' })).rejects.toMatchObject({ code: 'FLAG_EXISTS', flag: 'new_feature' })
  })

  test('of an unknown flag: update and delete are FLAG_NOT_FOUND', async () => {
    const { admin } = fleet.client()
    await expect(admin.update('missing', { rollout: 1 })).rejects.toMatchObject({ code: 'FLAG_NOT_FOUND', flag: 'missing' })
    await expect(admin.delete('missing')).rejects.toMatchObject({ code: 'FLAG_NOT_FOUND', flag: 'missing' })
    expect(await admin.history('missing')).toEqual([])
  })
})

describe('targeting keys', () => {
  const KEYS = [
    'a:b',
    '{tag}',
    'line\nbreak',
    'nul\0byte',
    '😀',
    'lone\ud800',
    '__proto__',
    'constructor',
    'x'.repeat(256),
    'ü'.repeat(128),
  ]

  test.each(KEYS.map((key) => [key]))('%j gets the same answer from every layer', async (key) => {
    const first = await fleet.client().isEnabled('new_feature', key)
    await settle()
    const shared = fleet.client()
    expect(await shared.isEnabled('new_feature', key)).toBe(first)
    expect(shared.stats().decision.hits).toBe(1)
    const memory = fleet.client()
    await memory.isEnabled('new_feature', 'other')
    expect(await memory.isEnabled('new_feature', key)).toBe(first)
    expect((await memory.evaluate('new_feature', key)).enabled).toBe(first)
  })

  test('of 1 MB work', async () => {
    const flags = fleet.client()
    const key = 'x'.repeat(1_048_576)
    const { enabled, bucket } = await flags.evaluate('new_feature', key)
    expect([bucket === undefined, enabled]).toEqual([false, (bucket ?? 100) < 50])
    expect(await flags.isEnabled('new_feature', key)).toBe(enabled)
  })

  test('that are empty or missing: a partial rollout is off, with TARGETING_KEY_MISSING', async () => {
    const flags = fleet.client()
    for (const who of [undefined, '', {}, { targetingKey: '' }, { plan: 'pro' }]) {
      expect(await flags.isEnabled('new_feature', who, { default: true })).toBe(false)
      expect(await flags.evaluate('new_feature', who)).toMatchObject({
        enabled: false,
        reason: 'ERROR',
        errorCode: 'TARGETING_KEY_MISSING',
      })
    }
  })

  test('are not needed at 0 %, at 100 % and for a disabled flag', async () => {
    const flags = fleet.client()
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.isEnabled('new_feature')).toBe(true)
    expect(await flags.isEnabled('new_feature', '')).toBe(true)
    expect(await flags.evaluate('new_feature')).toMatchObject({ enabled: true, reason: 'STATIC' })
    await flags.admin.update('new_feature', { enabled: false })
    expect(await flags.evaluate('new_feature', 'ada')).toMatchObject({ enabled: false, reason: 'DISABLED' })
    await flags.admin.update('new_feature', { enabled: true, rollout: 0 })
    expect(await flags.evaluate('new_feature')).toMatchObject({ enabled: false, reason: 'STATIC' })
  })

  test('that are whole numbers count as their decimal digits', async () => {
    const flags = fleet.client()
    for (const id of [0, 7, -3, Number.MAX_SAFE_INTEGER]) {
      expect(await flags.isEnabled('new_feature', id)).toBe(await flags.isEnabled('new_feature', String(id)))
    }
  })

  test('that are invalid give the default, with INVALID_CONTEXT, which is reported', async () => {
    const flags = fleet.client()
    const hostile = {
      get targetingKey(): string {
        throw new Error('no')
      },
    }
    const nonsense = [1.5, Number.NaN, 2 ** 53, null, true, Symbol('x'), () => 1, 10n, { targetingKey: 7 }, hostile]
    for (const who of nonsense) {
      expect(await flags.isEnabled('new_feature', who as never, { default: true })).toBe(true)
      expect(await flags.evaluate('new_feature', who as never)).toMatchObject({
        enabled: false,
        errorCode: 'INVALID_CONTEXT',
        source: 'default',
      })
    }
    expect(fleet.codes).toEqual(['INVALID_CONTEXT'])
  })

  test('of any kind: isEnabled returns a boolean', async () => {
    const flags = fleet.client()
    await flags.ready()
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (who) => {
        expect(typeof (await flags.isEnabled('new_feature', who as never))).toBe('boolean')
      }),
    )
  })
})

describe('options', () => {
  const store = memoryStore()
  const BAD: readonly (readonly [string, unknown])[] = [
    ['options', undefined],
    ['options', 'x'],
    ['store', {}],
    ['store', { store: {} }],
    ['cache', { store, cache: {} }],
    ['schema', { store, schema: 7 }],
    ['schema: "a b" is not a flag name', { store, schema: { 'a b': { default: true } } }],
    ['schema: x needs a default', { store, schema: { x: {} } }],
    ['schema: x has an unknown field deflt', { store, schema: { x: { default: true, deflt: 1 } } }],
    ['x.onUnavailable', { store, schema: { x: { default: true, onUnavailable: 'explode' } } }],
    ['memory', { store, memory: true }],
    ['memory.maxFlags', { store, memory: { maxFlags: 0 } }],
    ['memory.maxFlag', { store, memory: { maxFlag: 10 } }],
    ['ttl', { store, ttl: 7 }],
    ['ttl.flagMs', { store, ttl: { flagMs: -1 } }],
    ['ttl.endpointMs', { store, ttl: { endpointMs: 0.5 } }],
    ['ttl.checkMs', { store, ttl: { checkMs: 86_400_001 } }],
    ['timeoutMs', { store, timeoutMs: 100 }],
    ['timeoutMs.cache', { store, timeoutMs: { cache: 0 } }],
    ['timeoutMs.store', { store, timeoutMs: { store: Number.NaN } }],
    ['background', { store, background: 'no' }],
    ['onError', { store, onError: 'no' }],
    ['clock', { store, clock: {} }],
    ['stor', { store, stor: 1 }],
  ]

  test.each(BAD)('%s is refused by createFlags, and the error names it', (named, options) => {
    const create = () => createFlags(options as FlagsOptions)
    expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(named) }))
  })

  test('of a schema are checked by defineFlags', () => {
    expect(() => defineFlags({ 'no good': { default: 1 } })).toThrow('"no good" is not a flag name')
  })
})

describe('value', () => {
  test('is true where the flag is on and the default where it is off, typed by the schema', async () => {
    const schema = defineFlags({ new_feature: { default: false }, kept: { default: true } })
    await using flags = createFlags({ store: fleet.store, schema })
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.value('new_feature', 'ada')).toBe(true)
    expect(await flags.value('kept', 'ada')).toBe(true)
    expect(await flags.isEnabled('kept', 'ada')).toBe(true)
    expect((await flags.evaluate('kept', 'ada')).enabled).toBe(true)
    await flags.admin.update('new_feature', { rollout: 0 })
    expect(await flags.value('new_feature', 'ada', { minVersion: 3 })).toBe(false)
  })

  test('with a default that is no boolean gives the default, with TYPE_MISMATCH', async () => {
    const flags = fleet.client()
    await flags.admin.update('new_feature', { rollout: 100 })
    expect(await flags.value('new_feature', 'ada', { default: 'blue' })).toBe('blue')
    expect(fleet.codes).toEqual(['TYPE_MISMATCH'])
  })

  test('rejects without a default in the call or the schema', async () => {
    const flags = fleet.client()
    await expect(flags.value('new_feature', 'ada', {} as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })
})
