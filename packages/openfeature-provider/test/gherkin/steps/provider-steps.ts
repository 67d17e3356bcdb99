import { FlagsError } from '@flagstone/core'
import { expect } from 'vitest'
import { rejecting } from '../scenario.ts'
import type { Step } from '../step.ts'

export const providerSteps: readonly Step[] = [
  {
    pattern: /^a stable provider(?: with retrievable context is registered)?$/,
    run: (scenario) => scenario.provide(),
  },
  {
    pattern: /^a not ready provider$/,
    run(scenario) {
      scenario.storeError = () => new Promise(() => undefined)
      scenario.provideLater()
    },
  },
  {
    pattern: /^a error provider$/,
    run(scenario) {
      scenario.storeError = rejecting(new Error('away'))
      return scenario.provide()
    },
  },
  {
    pattern: /^a fatal provider$/,
    run(scenario) {
      scenario.storeError = rejecting(new FlagsError('SCHEMA_MISSING', 'Run migrate().'))
      return scenario.provide()
    },
  },
  {
    pattern: /^a stale provider$/,
    async run(scenario) {
      await scenario.provide()
      scenario.storeError = rejecting(new Error('away'))
      await scenario.clock.advance(30_000)
    },
  },
  {
    pattern: /^the provider status should be "(\w+)"$/,
    run: (scenario, [status]) => expect(scenario.client.providerStatus).toBe(status),
  },
]
