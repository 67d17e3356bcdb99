import { memoryStore } from '@flagstone/core'
import { afterAll, describe, expect, test } from 'vitest'
import { around } from '../../../core/test/client-fleet.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest } from '../http-requests.ts'
import { ALL, evaluateAll, evaluateOne } from './ofrep-requests.ts'
import { OfrepSpecification, specificationAbsent } from './ofrep-specification.ts'

const ONE = `${ALL}/{key}`
const specification = specificationAbsent === undefined ? new OfrepSpecification() : undefined
let checked = 0

afterAll(() =>
  console.log(
    `OFREP ${specification?.version ?? ''}: ${specificationAbsent ?? `${checked} responses checked against its OpenAPI document`}`,
  ),
)

async function violations(path: Parameters<OfrepSpecification['violations']>[0], response: Response): Promise<readonly string[]> {
  checked++
  return (await specification?.violations(path, response)) ?? []
}

describe.skipIf(specificationAbsent !== undefined)("OFREP's OpenAPI document allows", () => {
  test('any response for a flag, or for all of them', async () => {
    const fixture = new HandlerFixture()
    const variants = [{ name: 'it', value: { columns: 3 }, weight: 1 }]
    const texts = [{ name: 'it', value: 'blue', weight: 1 }]
    const when = [{ attribute: 'plan', operator: 'equals', value: 'pro' }] as const
    const made = [
      { name: 'on', rollout: 100 },
      { name: 'half', rollout: 50 },
      { name: 'killed', enabled: false },
      { name: 'object', rollout: 100, variants },
      { name: 'out', rollout: 0, variants },
      { name: 'text', rollout: 100, variants: texts },
      { name: 'number', rollout: 100, variants: [{ name: 'it', value: 0.5, weight: 1 }] },
      { name: 'unmet', rollout: 100, requires: [{ flag: 'killed' }] },
      { name: 'ruled', rollout: 100, rules: [{ when: [...when], rollout: 30 }] },
    ]
    for (const flag of made) await fixture.store.create(flag)
    for (const context of [{ targetingKey: 'ada', plan: 'pro' }, { targetingKey: 'eve' }, {}]) {
      for (const { name } of made) expect(await violations(ONE, await evaluateOne(fixture, name, context))).toEqual([])
      for (const eventStreamUrl of [undefined, '/api/events', 'https://flags.example/events']) {
        const options = eventStreamUrl === undefined ? {} : { eventStreamUrl }
        expect(await violations(ALL, await evaluateAll(fixture, context, null, options))).toEqual([])
      }
    }
    await fixture.close()
  })

  test('any error response', async () => {
    const gone = (): Promise<never> => Promise.reject(new Error('gone'))
    const fixture = new HandlerFixture()
    const dark = new HandlerFixture({ store: around(memoryStore(), { head: gone, loadAll: gone, load: gone }) })
    const authorize = (): boolean => false
    expect(await violations(ONE, await evaluateOne(fixture, 'missing', {}))).toEqual([])
    for (const body of ['{', '[]', '{}', '{"context":{"targetingKey":7}}']) {
      expect(await violations(ONE, await fixture.send(`${ALL}/missing`, jsonRequest(body)))).toEqual([])
      expect(await violations(ALL, await fixture.send(ALL, jsonRequest(body)))).toEqual([])
    }
    expect(await violations(ONE, await evaluateOne(fixture, 'missing', {}, { authorize }))).toEqual([])
    expect(await violations(ONE, await dark.clock.until(evaluateOne(dark, 'missing', {})))).toEqual([])
    expect(await violations(ALL, await dark.clock.until(evaluateAll(dark, {})))).toEqual([])
    await Promise.all([fixture.close(), dark.close()])
  })

  test('a 304 to a client that has the response', async () => {
    const fixture = new HandlerFixture()
    const tag = (await evaluateAll(fixture, {})).headers.get('etag')
    expect(await violations(ALL, await evaluateAll(fixture, {}, tag))).toEqual([])
    expect((await specification?.violations(ALL, new Response(null, { status: 418 })))?.length).toBe(1)
    await fixture.close()
  })
})
