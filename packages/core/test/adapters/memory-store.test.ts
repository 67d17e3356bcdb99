import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { ChannelListener, FlagStore, Hint, NewFlag } from '../../src/contracts/index.ts'
import { ManualClock } from '../manual-clock.ts'

const DAY_MS = 86_400_000
const SILENT: ChannelListener = { onHint: () => {}, onResync: () => {}, onDown: () => {} }

async function recordOf(store: FlagStore, name: string): Promise<unknown> {
  return (await store.load([name])).flags.get(name)
}

function listenerOf(hints: Hint[]): ChannelListener {
  return { ...SILENT, onHint: (hint) => hints.push(hint) }
}

describe('two memory stores', () => {
  test('have different ids and share no flag, no version and no hint', async () => {
    const [one, two] = [memoryStore(), memoryStore()]
    const hints: Hint[] = []
    await two.watch?.(listenerOf(hints))
    await one.create({ name: 'a' })
    expect((await two.head()).storeId).not.toBe((await one.head()).storeId)
    expect((await two.head()).cursor.version).toBe(0)
    expect(await recordOf(two, 'a')).toBeNull()
    expect(hints).toEqual([])
  })
})

describe('the flags that a memory store starts with', () => {
  test('are created in order', async () => {
    const store = memoryStore({ flags: [{ name: 'b', rollout: 5 }, { name: 'a' }] })
    const { flags, cursor } = await store.loadAll()
    expect([...flags.keys()]).toEqual(['b', 'a'])
    expect(cursor.version).toBe(2)
    expect(await recordOf(store, 'b')).toMatchObject({ enabled: true, rollout: 5, version: 1 })
    expect(await store.history('a')).toMatchObject([{ operation: 'create', version: 2 }])
  })

  test('are refused at construction where one cannot be created', () => {
    const refusal = (flags: readonly unknown[]) => () => memoryStore({ flags: flags as readonly NewFlag[] })
    expect(refusal([{ name: 'no spaces' }])).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
    expect(refusal([{ name: 'a', rollout: 101 }])).toThrow(expect.objectContaining({ code: 'INVALID_FLAG', flag: 'a' }))
    expect(refusal([{ name: 'a' }, { name: 'a' }])).toThrow(expect.objectContaining({ code: 'FLAG_EXISTS', flag: 'a' }))
  })
})

describe('a memory store keeps copies', () => {
  test('of what it is given, also where the caller changes it before the call takes effect', async () => {
    const store = memoryStore()
    const flag = { name: 'a', tags: ['x'] }
    const creating = store.create(flag)
    flag.name = 'changed'
    flag.tags.push('y')
    await creating
    flag.tags.push('z')
    expect(await recordOf(store, 'a')).toMatchObject({ tags: ['x'] })

    const patch = { tags: ['p'] }
    const meta = { actor: 'ada' }
    const updating = store.update('a', patch, meta)
    patch.tags.push('q')
    meta.actor = 'bob'
    expect(await updating).toMatchObject({ after: { tags: ['p'] }, actor: 'ada' })

    const names = ['a']
    const loading = store.load(names)
    names[0] = 'b'
    expect([...(await loading).flags.keys()]).toEqual(['a'])
  })

  test('and gives frozen ones, all the way down', async () => {
    const store = memoryStore()
    const change = await store.create({ name: 'a', tags: ['x'] })
    for (const record of [change.after, await recordOf(store, 'a'), (await store.history('a'))[0]?.after]) {
      const { tags } = record as { tags: string[] }
      expect(() => tags.push('y')).toThrow(TypeError)
      expect(() => Object.assign(record as object, { rollout: 100 })).toThrow(TypeError)
    }
    expect(() => Object.assign(change, { version: 9 })).toThrow(TypeError)
    const { flags } = await store.loadAll()
    ;(flags as Map<string, unknown>).clear()
    expect((await store.loadAll()).flags.size).toBe(1)
  })
})

describe('segments of a memory store', () => {
  test('that it starts with come before the flags, in their order', async () => {
    const store = memoryStore({
      segments: [{ name: 'b', members: ['ada'] }, { name: 'a' }],
      flags: [{ name: 'a', requires: [{ flag: 'c' }] }],
    })
    const { flags, asOf } = await store.loadAll()
    expect([...flags.keys()]).toEqual(['segment:b', 'segment:a', 'a'])
    expect(asOf).toBe(3)
    const { members } = flags.get('segment:b') as unknown as { members: string[] }
    expect(() => members.push('bob')).toThrow(TypeError)
  })

  test('or flags that cannot be created are refused at construction', () => {
    const [a, b] = [
      { name: 'a', requires: [{ flag: 'b' }] },
      { name: 'b', requires: [{ flag: 'a' }] },
    ]
    expect(() => memoryStore({ flags: [a, b] })).toThrow(/b → a → b/)
    expect(() => memoryStore({ segments: [{ name: 'a' }, { name: 'a' }] })).toThrow('Segment a exists already')
    expect(() => memoryStore({ segments: [{ name: 'a:b' }] })).toThrow('a:b')
    expect(() => memoryStore({ segments: [{ name: 'a', members: [''] }] })).toThrow('members')
  })
})

describe('the clock of a memory store', () => {
  test('dates changes and records', async () => {
    const clock = new ManualClock()
    const store = memoryStore({ clock, flags: [{ name: 'a' }] })
    await clock.advance(1_500)
    const { after, at } = await store.update('a', { rollout: 1 })
    expect(at).toBe('2026-01-01T00:00:01.500Z')
    expect(after).toMatchObject({ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: at })
  })

  test('decides what prune drops', async () => {
    const clock = new ManualClock()
    const store = memoryStore({ clock, flags: [{ name: 'a' }] })
    await clock.advance(2 * DAY_MS)
    const { version, id } = await store.update('a', { rollout: 1 })
    await clock.advance(2 * DAY_MS)
    await store.update('a', { rollout: 2 })
    expect(await store.prune(5)).toBe(0)
    expect(await store.prune(3)).toBe(1)
    expect(await store.changesSince({ version: 0, id: '' })).toMatchObject({ kind: 'lost', why: 'pruned' })
    expect(await store.changesSince({ version, id })).toMatchObject({ kind: 'changes', changed: [{ name: 'a', version: 3 }] })
    expect(await store.prune(0)).toBe(1)
    expect(await store.changesSince({ version, id })).toMatchObject({ kind: 'lost', why: 'pruned' })
    expect(await store.history('a')).toHaveLength(1)
  })
})

describe('a call of a memory store', () => {
  test('takes effect one microtask after it was made, as a whole', async () => {
    const store = memoryStore()
    const order: string[] = []
    const creating = store.create({ name: 'a' }).then(() => order.push('created'))
    const before = store.head().then(({ cursor }) => order.push(`head ${cursor.version}`))
    await Promise.all([creating, before])
    expect(order).toEqual(['created', 'head 1'])
  })

  test('with a value that cannot be copied rejects, and the store goes on', async () => {
    const store = memoryStore()
    await expect(store.create({ name: 'a', tags: (() => {}) as never })).rejects.toThrow()
    await store.create({ name: 'a' })
    await expect(store.update('a', { rollout: 'half' as never })).rejects.toMatchObject({ code: 'INVALID_FLAG', flag: 'a' })
    await expect(store.create({ name: 'b', rollout: 'half' as never })).rejects.toMatchObject({ code: 'INVALID_FLAG', flag: 'b' })
    expect((await store.head()).cursor.version).toBe(1)
  })

  test('works after close, because others may share the store', async () => {
    const store = memoryStore()
    await store.close()
    await store.create({ name: 'a' })
    expect(await recordOf(store, 'a')).toMatchObject({ name: 'a' })
  })
})

describe('the hints of a memory store', () => {
  test('come after the write has been answered', async () => {
    const store = memoryStore()
    const order: string[] = []
    await store.watch?.({ ...SILENT, onHint: ({ name, version }) => order.push(`hint ${name} ${version}`) })
    const writing = store.create({ name: 'a' })
    expect(order).toEqual([])
    await writing
    await Promise.resolve()
    expect(order).toEqual(['hint a 1'])
  })

  test('reach every listener, even when another one throws', async () => {
    const store = memoryStore()
    const fail = () => {
      throw new Error('broken listener')
    }
    const hints: Hint[] = []
    await store.watch?.({ onHint: fail, onResync: fail, onDown: fail })
    await store.watch?.(listenerOf(hints))
    await store.create({ name: 'a' })
    await Promise.resolve()
    expect(hints).toEqual([{ name: 'a', version: 1 }])
  })

  test('under way when a listener leaves do not reach it', async () => {
    const store = memoryStore()
    const hints: Hint[] = []
    const leave = await store.watch?.(listenerOf(hints))
    const writing = store.create({ name: 'a' })
    const left = leave?.()
    await writing
    await left
    await Promise.resolve()
    expect(hints).toEqual([])
  })

  test('reach one listener twice where it watches twice, and once after it has left once', async () => {
    const store = memoryStore()
    const hints: Hint[] = []
    const listener = listenerOf(hints)
    const leave = await store.watch?.(listener)
    await store.watch?.(listener)
    await store.create({ name: 'a' })
    await leave?.()
    await store.create({ name: 'b' })
    await Promise.resolve()
    expect(hints.map(({ name }) => name)).toEqual(['a', 'a', 'b'])
  })
})
