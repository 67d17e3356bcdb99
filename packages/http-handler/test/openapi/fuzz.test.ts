import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { type ArbitraryRequest, arbitraryRequest, endpointsOf, ResponseValidator } from './arbitrary-request.ts'
import type { OpenApiDocument } from './openapi-types.ts'

/** Requests to each operation; set to play more. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

const site = new HandlerFixture()
const document = (await (await site.send('/openapi.json')).json()) as OpenApiDocument
const judge = new ResponseValidator(document)
const statuses = new Map<string, Map<number, number>>()

/** So that there is something to ask for, whatever the requests before have deleted. */
async function refill(): Promise<void> {
  const { store } = site
  await Promise.allSettled([store.create({ name: 'first', rollout: 50 }), store.segments.create({ name: 'first', members: ['ada'] })])
}

afterAll(() => site.close())

async function asked(sent: ArbitraryRequest): Promise<string | undefined> {
  await refill()
  // What is asked for above the store's clock is waited for.
  const response = await site.clock.until(site.send(sent.path, sent.init))
  const found = statuses.get(sent.endpoint.operation.operationId) ?? new Map<number, number>()
  statuses.set(sent.endpoint.operation.operationId, found.set(response.status, (found.get(response.status) ?? 0) + 1))
  return await judge.violation(sent, response)
}

describe('requests made from the OpenAPI document, right and wrong', () => {
  test.each(endpointsOf(document))(
    '$method $path answers only what the document describes, and no 500',
    { timeout: 60_000 },
    async (place) => {
      await fc.assert(
        fc.asyncProperty(arbitraryRequest(document, place), async (sent) => {
          expect(await asked(sent)).toBe(undefined)
        }),
        { numRuns: RUNS, seed: SEED },
      )
      expect(site.reportedErrors).toEqual([])
      expect([...(statuses.get(place.operation.operationId)?.keys() ?? [])].filter((status) => status >= 500)).toEqual([])
    },
  )

  test('reach what each operation is for, not only its refusals', () => {
    for (const { operation } of endpointsOf(document)) {
      const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'))
      const found = statuses.get(operation.operationId)
      expect([operation.operationId, successes.some((status) => (found?.get(Number(status)) ?? 0) > 0)]).toEqual([
        operation.operationId,
        true,
      ])
    }
  })
})
