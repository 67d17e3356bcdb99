import { createFlags, type Flags, memoryStore, type NewFlag, type Who } from '@flagstone/core'
import { ErrorCode, type EvaluationContext, type JsonValue } from '@openfeature/server-sdk'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyContext, anyFlag, anySegment } from '../../../core/test/evaluate/arbitraries.ts'
import { ManualClock } from '../../../core/test/manual-clock.ts'
import { flagstoneProvider } from '../../src/index.ts'

const RUNS = { numRuns: 300 }

/** Any context that OpenFeature's types allow, or a number as the targeting key, which they do not. */
const anyAsked = anyContext.map((context) => (typeof context === 'object' ? context : { targetingKey: context }) as EvaluationContext)

const anyGate: fc.Arbitrary<NewFlag> = anyFlag.map(({ variants: _, rules, ...flag }) => ({
  ...flag,
  ...(rules === undefined ? {} : { rules: rules.map(({ variant: __, ...rule }) => rule) }),
}))

function coreContext(context: EvaluationContext): Who {
  const { targetingKey } = context
  return typeof targetingKey === 'number' ? targetingKey : context
}

async function over(flag: NewFlag, segments: Parameters<typeof memoryStore>[0], ask: (flags: Flags) => Promise<void>): Promise<void> {
  const clock = new ManualClock()
  const flags = createFlags({ store: memoryStore({ flags: [flag], clock, ...segments }), clock, background: false })
  try {
    await ask(flags)
  } finally {
    await flags.close()
  }
}

test('the boolean of any flag without variants is what isEnabled says, unless a targeting key is missing', async () => {
  await fc.assert(
    fc.asyncProperty(anyGate, anySegment, anyAsked, fc.boolean(), (flag, segment, context, fallback) =>
      over(flag, { segments: [segment] }, async (flags) => {
        const gate = await flags.isEnabled(flag.name, coreContext(context), { default: fallback })
        const { value, variant, errorCode } = await flagstoneProvider(flags).resolveBooleanEvaluation(flag.name, fallback, context)
        if (errorCode === ErrorCode.TARGETING_KEY_MISSING) expect([gate, value]).toEqual([false, fallback])
        else expect([value, variant, errorCode]).toEqual([gate, gate ? 'on' : 'off', undefined])
      }),
    ),
    RUNS,
  )
})

test('the object of any flag with variants is what value says', async () => {
  const fallback: JsonValue = { fallback: true }
  await fc.assert(
    fc.asyncProperty(anyFlag, anySegment, anyAsked, (flag, segment, context) =>
      over(flag, { segments: [segment] }, async (flags) => {
        const value = await flags.value(flag.name, coreContext(context), { default: fallback })
        const details = await flagstoneProvider(flags).resolveObjectEvaluation(flag.name, fallback, context)
        const { variant } = await flags.evaluate(flag.name, coreContext(context))
        expect([details.value, details.variant]).toEqual([value, details.errorCode === undefined ? variant : undefined])
      }),
    ),
    RUNS,
  )
})
