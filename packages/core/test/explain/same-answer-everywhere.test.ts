import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Evaluation, Who } from '../../src/index.ts'
import { Fleet } from '../client-fleet.ts'
import { anyContext, anyFlag, anyHostileContext, anySegment } from '../evaluate/arbitraries.ts'
import { settle } from '../manual-clock.ts'

/** An evaluation without where it came from. */
function verdictOf({ source: _, asOf: __, ...verdict }: Evaluation): unknown {
  return verdict
}

/** A flag, one that it may require, and segments that rules may name. */
const anyStore = fc.record({
  flag: anyFlag.map((flag) => ({ ...flag, name: 'flag' })),
  need: anyFlag.map(({ requires: _, ...flag }) => ({ ...flag, name: 'need' })),
  segments: fc.uniqueArray(anySegment, { selector: ({ name }) => name, maxLength: 3 }),
})

async function fleetOf({ flag, need, segments }: typeof anyStore extends fc.Arbitrary<infer T> ? T : never): Promise<Fleet> {
  const fleet = new Fleet()
  for (const segment of segments) await fleet.store.segments.create(segment)
  await fleet.store.create(need)
  await fleet.store.create(flag)
  return fleet
}

describe('the same verdict', () => {
  test('comes from every layer, a snapshot and explain, for any flag and context', async () => {
    await fc.assert(
      fc.asyncProperty(anyStore, anyContext, async (stored, context) => {
        const fleet = await fleetOf(stored)
        const who = context as Who
        const cold = fleet.client()
        const expected = await cold.evaluate('flag', who)
        await settle(4)
        const bare = fleet.client({ memory: false })
        const found = [
          await cold.evaluate('flag', who),
          await fleet.client().evaluate('flag', who),
          await bare.evaluate('flag', who),
          await bare.evaluate('flag', who),
          (await cold.snapshot()).evaluate('flag', who),
          (await bare.snapshot()).evaluateAll(who)['flag'] as Evaluation,
          (await cold.explain('flag', who)).evaluation,
          (await bare.explain('flag', who)).evaluation,
        ]
        for (const each of found) expect(verdictOf(each)).toEqual(verdictOf(expected))
        const { trace } = await cold.explain('flag', who)
        expect(trace?.decision).toEqual(verdictOf(expected))
        const gates = [await cold.isEnabled('flag', who), await bare.isEnabled('flag', who), (await cold.snapshot()).isEnabled('flag', who)]
        expect(gates).toEqual(Array(3).fill(expected.enabled))
        const values = [await cold.value('flag', who, { default: {} }), (await cold.snapshot()).value('flag', who, { default: {} })]
        expect(values).toEqual(Array(2).fill(expected.enabled ? (expected.value ?? {}) : {}))
        const forClient = (await cold.snapshot()).evaluateAll(who, { forClient: true })['flag']
        expect(Object.keys(forClient ?? {}).filter((key) => !['enabled', 'variant', 'value'].includes(key))).toEqual([])
        await fleet.end()
      }),
      { numRuns: 60 },
    )
  })

  test('comes for a hostile context too, and nothing rejects or throws', async () => {
    await fc.assert(
      fc.asyncProperty(anyStore, anyHostileContext, async (stored, context) => {
        const fleet = await fleetOf(stored)
        const who = context as Who
        const flags = fleet.client()
        const expected = await flags.evaluate('flag', who)
        const snapshot = await flags.snapshot()
        const { evaluation, text } = await flags.explain('flag', who)
        for (const each of [await flags.evaluate('flag', who), snapshot.evaluate('flag', who), evaluation]) {
          expect(verdictOf(each)).toEqual(verdictOf(expected))
        }
        expect([await flags.isEnabled('flag', who), snapshot.isEnabled('flag', who)]).toEqual([expected.enabled, expected.enabled])
        await flags.value('flag', who, { default: 'default' })
        snapshot.value('flag', who, { default: 'default' })
        expect(Object.keys(snapshot.evaluateAll(who, { forClient: true })).sort()).toEqual(['flag', 'need'])
        expect(text.length).toBeLessThan(20_000)
        await fleet.end()
      }),
      { numRuns: 60 },
    )
  })
})
