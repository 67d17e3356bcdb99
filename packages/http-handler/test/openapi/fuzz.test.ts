import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { type ArbitraryRequest, arbitraryRequest } from './arbitrary-request.ts'
import { endpointsOf } from './endpoint.ts'
import type { OpenApiDocument } from './openapi-types.ts'
import { ResponseValidator } from './response-validator.ts'

/** The number of requests to each operation. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150)
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

const fixture = new HandlerFixture()
const document = (await (await fixture.send('/openapi.json')).json()) as OpenApiDocument
const validator = new ResponseValidator(document)
const statuses = new Map<string, Map<number, number>>()

/** Recreates what earlier requests may have deleted. */
async function refill(): Promise<void> {
  const { store } = fixture
  await Promise.allSettled([store.create({ name: 'first', rollout: 50 }), store.segments.create({ name: 'first', members: ['ada'] })])
}

afterAll(() => fixture.close())

async function violationOf(request: ArbitraryRequest): Promise<string | undefined> {
  await refill()
  // A request for a version above the store's clock waits, so the clock is advanced.
  const response = await fixture.clock.until(fixture.send(request.path, request.init))
  const found = statuses.get(request.endpoint.operation.operationId) ?? new Map<number, number>()
  statuses.set(request.endpoint.operation.operationId, found.set(response.status, (found.get(response.status) ?? 0) + 1))
  return await validator.violation(request.endpoint, response)
}

describe('valid and invalid requests generated from the OpenAPI document', () => {
  test.each(endpointsOf(document))(
    '$method $path only gets responses that the document describes, and no 500',
    { timeout: 60_000 },
    async (endpoint) => {
      await fc.assert(
        fc.asyncProperty(arbitraryRequest(document, endpoint), async (request) => {
          expect(await violationOf(request)).toBe(undefined)
        }),
        { numRuns: RUNS, seed: SEED },
      )
      expect(fixture.reportedErrors).toEqual([])
      expect([...(statuses.get(endpoint.operation.operationId)?.keys() ?? [])].filter((status) => status >= 500)).toEqual([])
    },
  )

  test('reach the success response of each operation', () => {
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
