import { FlagsError, type FlagsEvents } from '@flagstone/core'
import { ProviderEvents } from '@openfeature/server-sdk'
import { beforeEach, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { flagstoneProvider, type ProvidedFlags } from '../../src/index.ts'

type Event = keyof FlagsEvents
type Listener = (event: never) => void

/** A client whose events and state the test controls. */
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

let fakeClient: FakeClient
let provider: ReturnType<typeof flagstoneProvider>
let emitted: string[]
beforeEach(() => {
  fakeClient = new FakeClient()
  provider = flagstoneProvider(fakeClient.flags)
  emitted = []
  for (const event of Object.values(ProviderEvents)) provider.events.addHandler(event, () => emitted.push(event))
})

test('a lease that runs out just when the client is ready is emitted once', async () => {
  await provider.initialize()
  fakeClient.stale = true
  fakeClient.emit('stale', { clock: 1 })
  await settle()
  expect(emitted).toEqual([ProviderEvents.Stale])
})

test('`fresh` is not emitted while the SDK waits for the initialization', async () => {
  const initializing = provider.initialize()
  fakeClient.emit('fresh', { clock: 1 })
  await initializing
  await settle()
  expect(emitted).toEqual([])
})

test('a store that answers while the initialization fails is emitted once, after the failure', async () => {
  fakeClient.ready = async () => {
    fakeClient.leased = true
    fakeClient.emit('fresh', { clock: 1 })
    throw new Error('the attempt after that')
  }
  await expect(provider.initialize()).rejects.toThrow('the attempt after that')
  expect(emitted).toEqual([])
  await settle()
  expect(emitted).toEqual([ProviderEvents.Ready])
})

test('a store that does not answer emits nothing beside the failed initialization', async () => {
  fakeClient.ready = () => Promise.reject(new Error('away'))
  await expect(provider.initialize()).rejects.toThrow('away')
  await settle()
  expect(emitted).toEqual([])
})

test('a closed client is not emitted before the start, nor after the shutdown', async () => {
  const ask = () => provider.resolveBooleanEvaluation('new_feature', true, {})
  await ask()
  await provider.initialize()
  await provider.onClose()
  await ask()
  expect(emitted).toEqual([])
  await provider.initialize()
  await ask()
  expect(emitted).toEqual([ProviderEvents.Error])
})

test('a change just before the shutdown is not emitted after it', async () => {
  await provider.initialize()
  fakeClient.emit('change', { name: 'new_feature', version: 2 })
  await provider.onClose()
  await settle()
  expect(emitted).toEqual([])
})

test('a provider that was initialized twice listens once, and after the shutdown not at all', async () => {
  await provider.initialize()
  const once = fakeClient.listeners
  await provider.initialize()
  expect(fakeClient.listeners).toBe(once)
  await provider.onClose()
  expect(fakeClient.listeners).toBe(0)
})
