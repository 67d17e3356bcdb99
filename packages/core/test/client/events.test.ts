import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { around, Fleet, gate } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 100 })
})
afterEach(() => fleet.end())

describe('events', () => {
  test('are emitted once for each change in every process, whichever process made it', async () => {
    const [writer, other] = [fleet.client(), fleet.client()]
    const heard: string[] = []
    for (const [who, client] of Object.entries({ writer, other })) {
      await client.ready()
      client.on('change', ({ name, version }) => heard.push(`${who}: ${name} ${version}`))
    }
    await writer.admin.update('new_feature', { rollout: 10 })
    await fleet.store.update('new_feature', { rollout: 20 })
    await settle()
    expect(heard.sort()).toEqual(['other: new_feature 2', 'other: new_feature 3', 'writer: new_feature 2', 'writer: new_feature 3'])
  })

  test('are emitted when this process answers the new value, also where the fence is not raised yet', async () => {
    const held = gate()
    const cache = around(fleet.cache(), { invalidate: (next, ...args) => held.opened.then(() => next(...args)) })
    const [writer, other] = [
      fleet.client({ cache }),
      fleet.client({ cache: around(fleet.cache(), { invalidate: () => held.opened as never }) }),
    ]
    await other.isEnabled('new_feature', 'ada')
    await writer.ready()
    const heard: unknown[] = []
    other.on('change', ({ version }) => {
      heard.push(other.isEnabled('new_feature', 'ada').then((enabled) => [version, enabled]))
    })
    await settle()
    const update = writer.admin.update('new_feature', { rollout: 0 })
    await settle()
    expect(await Promise.all(heard)).toEqual([[2, false]])
    held.open()
    await update
  })

  test('reach each listener, until it unsubscribes', async () => {
    const flags = fleet.client()
    const listener = vi.fn()
    const [first, second] = [flags.on('change', listener), flags.on('change', listener)]
    await flags.admin.update('new_feature', { rollout: 10 })
    expect(listener).toHaveBeenCalledTimes(2)
    first()
    first()
    await flags.admin.update('new_feature', { rollout: 20 })
    expect(listener).toHaveBeenCalledTimes(3)
    second()
    await flags.admin.update('new_feature', { rollout: 30 })
    expect(listener).toHaveBeenCalledTimes(3)
  })

  test('a listener that throws becomes a process warning, and the others are called', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const flags = fleet.client()
    const listener = vi.fn()
    flags.on('change', () => {
      throw new Error('in a listener')
    })
    flags.on('change', () => {
      throw 'not even an error'
    })
    flags.on('change', async () => {
      throw new Error('later')
    })
    flags.on('change', () => {
      throw {
        [inspect.custom]: () => {
          throw new Error('not to be shown')
        },
      }
    })
    flags.on('change', listener)
    expect((await flags.admin.update('new_feature', { rollout: 10 })).propagation).toBe('ok')
    expect(listener).toHaveBeenCalledTimes(1)
    expect(warned.mock.calls.map(([text]) => String(text).split('\n')[0])).toEqual([
      'A listener of Flagstone threw: Error: in a listener',
      "A listener of Flagstone threw: 'not even an error'",
      'A listener of Flagstone threw: something that cannot be shown',
      'A listener of Flagstone threw: Error: later',
    ])
    warned.mockRestore()
  })

  test('of an unknown name are refused', () => {
    expect(() => fleet.client().on('chnage' as never, () => undefined)).toThrow("listen to 'change', 'error', 'stale' or 'fresh'")
  })

  test('errors reach both onError and listeners', async () => {
    const flags = fleet.client({ cache: around(fleet.cache(), { open: () => Promise.reject('refused') }) })
    const listener = vi.fn()
    flags.on('error', listener)
    await flags.ready()
    expect(listener).toHaveBeenCalledWith(fleet.errors[0])
    expect(fleet.errors[0]).toMatchObject({ code: 'CACHE_UNAVAILABLE', cause: 'refused', message: 'The cache cannot be used: refused' })
  })
})
