import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener } from '../../src/index.ts'
import { around, Fleet } from '../client-fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

describe('change events', () => {
  test('never go back to a lower version, whichever channel is faster', async () => {
    const listeners: ChannelListener[] = []
    const cache = around(fleet.cache(), {
      subscribe: (async (_: unknown, listener: ChannelListener) => {
        listeners.push(listener)
        listener.onResync()
        return async () => undefined
      }) as never,
    })
    const flags = fleet.client({ cache })
    const emitted: number[] = []
    flags.on('change', ({ version }) => emitted.push(version))
    await flags.isEnabled('new_feature', 'ada')
    for (const rollout of [10, 20]) await fleet.store.update('new_feature', { rollout })
    listeners[0]?.onHint({ name: 'new_feature', version: 3 })
    listeners[0]?.onHint({ name: 'new_feature', version: 2 })
    await settle()
    expect(emitted).toEqual([3])
  })

  test('are still emitted after a forged hint of a higher version', async () => {
    const listeners: ChannelListener[] = []
    const cache = around(fleet.cache(), {
      subscribe: (async (_: unknown, listener: ChannelListener) => {
        listeners.push(listener)
        listener.onResync()
        return async () => undefined
      }) as never,
    })
    const flags = fleet.client({ cache })
    const emitted: number[] = []
    flags.on('change', ({ version }) => emitted.push(version))
    await flags.isEnabled('new_feature', 'ada')
    listeners[0]?.onHint({ name: 'new_feature', version: 1_000_000 })
    await settle()
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    expect([emitted.at(-1), await flags.isEnabled('new_feature', 'ada')]).toEqual([2, true])
  })
})
