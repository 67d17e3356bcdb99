import { FlagsError, type FlagsEvents } from '@flagstone/core'
import { ProviderEvents } from '@openfeature/server-sdk'
import { beforeEach, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { flagstoneProvider, type ProvidedFlags } from '../../src/index.ts'

type Event = keyof FlagsEvents
type Listener = (event: never) => void

/** A client that tells what a test wants, at the moment that it wants. */
class FakeClient {
  stale = false
  leased = false
  ready = (): Promise<void> => Promise.resolve()
  readonly #listeners = new Map<Listener, Event>()

  readonly flags = {
    ready: () => this.ready(),
    stats: () => ({ stale: this.stale, leased: this.leased }),
    on: (event: Event, listener: Listener) => {
      this.#listeners.set(listener, event)
      return () => this.#listeners.delete(listener)
    },
    evaluate: () => Promise.reject(new FlagsError('CLOSED', 'The client is closed.')),
  } as unknown as ProvidedFlags

  get listeners(): number {
    return this.#listeners.size
  }

  emit<E extends Event>(event: E, what: FlagsEvents[E]): void {
    for (const [listener, of] of this.#listeners) if (of === event) (listener as (event: FlagsEvents[E]) => void)(what)
  }
}

let teller: FakeClient
let provider: ReturnType<typeof flagstoneProvider>
let told: string[]
beforeEach(() => {
  teller = new FakeClient()
  provider = flagstoneProvider(teller.flags)
  told = []
  for (const event of Object.values(ProviderEvents)) provider.events.addHandler(event, () => told.push(event))
})

test('a lease that runs out just when the client is ready is told once', async () => {
  await provider.initialize()
  teller.stale = true
  teller.emit('stale', { clock: 1 })
  await settle()
  expect(told).toEqual([ProviderEvents.Stale])
})

test('that the store is heard is no news while the SDK waits for just that', async () => {
  const beginning = provider.initialize()
  teller.emit('fresh', { clock: 1 })
  await beginning
  await settle()
  expect(told).toEqual([])
})

test('a store that is heard while the SDK learns that it was not is told once, after that', async () => {
  teller.ready = async () => {
    teller.leased = true
    teller.emit('fresh', { clock: 1 })
    throw new Error('the attempt after that')
  }
  await expect(provider.initialize()).rejects.toThrow('the attempt after that')
  expect(told).toEqual([])
  await settle()
  expect(told).toEqual([ProviderEvents.Ready])
})

test('a store that is not heard while the SDK learns so is no news', async () => {
  teller.ready = () => Promise.reject(new Error('away'))
  await expect(provider.initialize()).rejects.toThrow('away')
  await settle()
  expect(told).toEqual([])
})

test('a client that is found closed is no news before the start, and after the shutdown', async () => {
  const ask = () => provider.resolveBooleanEvaluation('new_feature', true, {})
  await ask()
  await provider.initialize()
  await provider.onClose()
  await ask()
  expect(told).toEqual([])
  await provider.initialize()
  await ask()
  expect(told).toEqual([ProviderEvents.Error])
})

test('a change of the moment before the shutdown is not told after it', async () => {
  await provider.initialize()
  teller.emit('change', { name: 'new_feature', version: 2 })
  await provider.onClose()
  await settle()
  expect(told).toEqual([])
})

test('a provider that was initialised twice listens once, and after the shutdown not at all', async () => {
  await provider.initialize()
  const once = teller.listeners
  await provider.initialize()
  expect(teller.listeners).toBe(once)
  await provider.onClose()
  expect(teller.listeners).toBe(0)
})
