import type { FlagsEvents } from '@flagstone/core'
import { ProviderEvents } from '@openfeature/server-sdk'
import { beforeEach, expect, test } from 'vitest'
import { settle } from '../../core/test/manual-clock.ts'
import { flagstoneProvider, type ProvidedFlags } from '../src/index.ts'

type Event = keyof FlagsEvents
type Listener = (event: never) => void

/** A client that tells what a test wants, at the moment that it wants. */
class Teller {
  stale = false
  readonly #listeners = new Map<Listener, Event>()

  readonly flags = {
    ready: () => Promise.resolve(),
    stats: () => ({ stale: this.stale }),
    on: (event: Event, listener: Listener) => {
      this.#listeners.set(listener, event)
      return () => this.#listeners.delete(listener)
    },
    evaluate: () => Promise.reject(new Error('not asked here')),
  } as unknown as ProvidedFlags

  get listeners(): number {
    return this.#listeners.size
  }

  tell<E extends Event>(event: E, what: FlagsEvents[E]): void {
    for (const [listener, of] of this.#listeners) if (of === event) (listener as (event: FlagsEvents[E]) => void)(what)
  }
}

let teller: Teller
let provider: ReturnType<typeof flagstoneProvider>
let told: string[]
beforeEach(() => {
  teller = new Teller()
  provider = flagstoneProvider(teller.flags)
  told = []
  for (const event of Object.values(ProviderEvents)) provider.events.addHandler(event, () => told.push(event))
})

test('a lease that runs out just when the client is ready is told once', async () => {
  await provider.initialize()
  teller.stale = true
  teller.tell('stale', { clock: 1 })
  await settle()
  expect(told).toEqual([ProviderEvents.Stale])
})

test('that the store is heard is no news while the SDK waits for just that', async () => {
  const beginning = provider.initialize()
  teller.tell('fresh', { clock: 1 })
  await beginning
  await settle()
  expect(told).toEqual([])
})

test('a change of the moment before the shutdown is not told after it', async () => {
  await provider.initialize()
  teller.tell('change', { name: 'new_feature', version: 2 })
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
