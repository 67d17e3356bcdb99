import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Site } from '../handler-fixture.ts'
import { Judge, placesOf, requestsTo, type Sent } from './arbitrary-request.ts'
import type { Described } from './openapi-types.ts'

/** Requests to each operation; set to play more. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

const site = new Site()
const document = (await (await site.ask('/openapi.json')).json()) as Described
const judge = new Judge(document)
const statuses = new Map<string, Map<number, number>>()

/** So that there is something to ask for, whatever the requests before have deleted. */
async function refill(): Promise<void> {
  const { store } = site
  await Promise.allSettled([store.create({ name: 'first', rollout: 50 }), store.segments.create({ name: 'first', members: ['ada'] })])
}

afterAll(() => site.end())

async function asked(sent: Sent): Promise<string | undefined> {
  await refill()
  // What is asked for above the store's clock is waited for.
  const response = await site.clock.until(site.ask(sent.path, sent.init))
  const found = statuses.get(sent.place.operation.operationId) ?? new Map<number, number>()
  statuses.set(sent.place.operation.operationId, found.set(response.status, (found.get(response.status) ?? 0) + 1))
  return await judge.verdict(sent, response)
}

describe('requests made from the OpenAPI document, right and wrong', () => {
  test.each(placesOf(document))(
    '$method $path answers only what the document describes, and no 500',
    { timeout: 60_000 },
    async (place) => {
      await fc.assert(
        fc.asyncProperty(requestsTo(document, place), async (sent) => {
          expect(await asked(sent)).toBe(undefined)
        }),
        { numRuns: RUNS, seed: SEED },
      )
      expect(site.told).toEqual([])
      expect([...(statuses.get(place.operation.operationId)?.keys() ?? [])].filter((status) => status >= 500)).toEqual([])
    },
  )

  test('reach what each operation is for, not only its refusals', () => {
    for (const { operation } of placesOf(document)) {
      const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'))
      const found = statuses.get(operation.operationId)
      expect([operation.operationId, successes.some((status) => (found?.get(Number(status)) ?? 0) > 0)]).toEqual([
        operation.operationId,
        true,
      ])
    }
  })
})
