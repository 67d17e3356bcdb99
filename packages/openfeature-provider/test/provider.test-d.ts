import { createFlags, defineFlags, type Flags, memoryStore } from '@flagstone/core'
import { createTestFlags } from '@flagstone/core/testing'
import type { Provider } from '@openfeature/server-sdk'
import { expectTypeOf, test } from 'vitest'
import { flagstoneProvider } from '../src/index.ts'

test('a provider has the type of the server SDK', () => {
  expectTypeOf(flagstoneProvider).returns.toExtend<Provider>()
})

test('any client is accepted: without a schema, with one, or for a test', () => {
  const schema = defineFlags({ new_feature: { default: false }, colour: { default: 'blue' } })
  flagstoneProvider(createFlags({ store: memoryStore() }))
  flagstoneProvider(createFlags({ store: memoryStore(), schema }))
  flagstoneProvider(createTestFlags({ new_feature: true }))
  flagstoneProvider(createTestFlags({ new_feature: true }, { schema }), { onTrack: (name) => expectTypeOf(name).toEqualTypeOf<string>() })
  // @ts-expect-error a store is no client
  flagstoneProvider(memoryStore())
  // @ts-expect-error an option that is not known
  flagstoneProvider({} as Flags, { closeClient: true })
})
