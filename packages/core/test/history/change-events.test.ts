import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChannelListener } from '../../src/index.ts'
import { around, Fleet } from '../fleet.ts'
import { settle } from '../manual-clock.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = new Fleet()
  await fleet.store.create({ name: 'new_feature', rollout: 0 })
})
afterEach(() => fleet.end())

describe('change events', () => {
  test('never go back, whichever channel is quicker', async () => {
    const listeners: ChannelListener[] = []
    const cache = around(fleet.cache(), {
      subscribe: (async (_: unknown, listener: ChannelListener) => {
        listeners.push(listener)
        listener.onResync()
        return async () => undefined
      }) as never,
    })
    const flags = fleet.client({ cache })
    const told: number[] = []
    flags.on('change', ({ version }) => told.push(version))
    await flags.isEnabled('new_feature', 'ada')
    for (const rollout of [10, 20]) await fleet.store.update('new_feature', { rollout })
    listeners[0]?.onHint({ name: 'new_feature', version: 3 })
    listeners[0]?.onHint({ name: 'new_feature', version: 2 })
    await settle()
    expect(told).toEqual([3])
  })

  test('are not silenced by a hint that was forged', async () => {
    const listeners: ChannelListener[] = []
    const cache = around(fleet.cache(), {
      subscribe: (async (_: unknown, listener: ChannelListener) => {
        listeners.push(listener)
        listener.onResync()
        return async () => undefined
      }) as never,
    })
    const flags = fleet.client({ cache })
    const told: number[] = []
    flags.on('change', ({ version }) => told.push(version))
    await flags.isEnabled('new_feature', 'ada')
    listeners[0]?.onHint({ name: 'new_feature', version: 1_000_000 })
    await settle()
    await fleet.store.update('new_feature', { rollout: 100 })
    await settle()
    expect([told.at(-1), await flags.isEnabled('new_feature', 'ada')]).toEqual([2, true])
  })
})
