import { createRequire } from 'node:module'
import { type DeltaEvent, stateAfter } from './delta-events.ts'
import type { Payload, UnleashContext, UnleashState } from './unleash-state.ts'

const require = createRequire(import.meta.url)

/** What a client answers to `isEnabled`, and to `getVariant`. */
export type Answer = boolean | VariantAnswer

export interface VariantAnswer {
  readonly name: string
  readonly payload?: Payload
  readonly enabled: boolean
  readonly feature_enabled: boolean
}

/** One question about one feature in one context. */
export interface Case {
  readonly file: string
  readonly description: string
  readonly state: UnleashState
  readonly toggleName: string
  readonly context: UnleashContext
  readonly expected: Answer
}

type Question = Pick<Case, 'description' | 'toggleName' | 'context'> & { readonly expectedResult: Answer }

interface Specification {
  readonly state: UnleashState | { readonly events: readonly DeltaEvent[] }
  readonly tests?: readonly Question[]
  readonly variantTests?: readonly Question[]
}

/** The version of the package that is installed. */
export function specificationVersion(): string {
  const { version } = require('@unleash/client-specification/package.json') as { readonly version: string }
  return version
}

/** Every case of every file that the package's index names. */
export function cases(): readonly Case[] {
  const files = require('@unleash/client-specification/specifications/index.json') as readonly string[]
  return files.flatMap((file) => {
    const {
      state: stateOrEvents,
      tests = [],
      variantTests = [],
    } = require(`@unleash/client-specification/specifications/${file}`) as Specification
    const state = 'events' in stateOrEvents ? stateAfter(stateOrEvents.events) : stateOrEvents
    return [...tests, ...variantTests].map(({ expectedResult: expected, ...question }): Case => ({ file, state, expected, ...question }))
  })
}
