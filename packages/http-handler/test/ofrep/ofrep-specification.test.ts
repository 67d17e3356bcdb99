import { memoryStore } from '@flagstone/core'
import { afterAll, describe, expect, test } from 'vitest'
import { around } from '../../../core/test/world.ts'
import { HandlerFixture, jsonRequest } from '../handler-fixture.ts'
import { ALL, evaluateAll, evaluateOne } from './ofrep-requests.ts'
import { OfrepSpecification, specificationAbsent } from './ofrep-specification.ts'

const ONE = `${ALL}/{key}`
const description = specificationAbsent === undefined ? new OfrepSpecification() : undefined
let held = 0

afterAll(() => console.log(`OFREP ${description?.version ?? ''}: ${specificationAbsent ?? `${held} answers held against its description`}`))

async function objections(path: Parameters<OfrepSpecification['violations']>[0], response: Response): Promise<readonly string[]> {
  held++
  return (await description?.violations(path, response)) ?? []
}

describe.skipIf(specificationAbsent !== undefined)("OFREP's own description has nothing against", () => {
  test('any answer for a flag, or for all of them', async () => {
    const site = new HandlerFixture()
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
    for (const flag of made) await site.store.create(flag)
    for (const context of [{ targetingKey: 'ada', plan: 'pro' }, { targetingKey: 'eve' }, {}]) {
      for (const { name } of made) expect(await objections(ONE, await evaluateOne(site, name, context))).toEqual([])
      for (const eventStreamUrl of [undefined, '/api/events', 'https://flags.example/events']) {
        const options = eventStreamUrl === undefined ? {} : { eventStreamUrl }
        expect(await objections(ALL, await evaluateAll(site, context, null, options))).toEqual([])
      }
    }
    await site.close()
  })

  test('any refusal', async () => {
    const gone = (): Promise<never> => Promise.reject(new Error('gone'))
    const site = new HandlerFixture()
    const dark = new HandlerFixture({ store: around(memoryStore(), { head: gone, loadAll: gone, load: gone }) })
    const authorize = (): boolean => false
    expect(await objections(ONE, await evaluateOne(site, 'missing', {}))).toEqual([])
    for (const body of ['{', '[]', '{}', '{"context":{"targetingKey":7}}']) {
      expect(await objections(ONE, await site.send(`${ALL}/missing`, jsonRequest(body)))).toEqual([])
      expect(await objections(ALL, await site.send(ALL, jsonRequest(body)))).toEqual([])
    }
    expect(await objections(ONE, await evaluateOne(site, 'missing', {}, { authorize }))).toEqual([])
    expect(await objections(ONE, await dark.clock.until(evaluateOne(dark, 'missing', {})))).toEqual([])
    expect(await objections(ALL, await dark.clock.until(evaluateAll(dark, {})))).toEqual([])
    await Promise.all([site.close(), dark.close()])
  })

  test('a 304 to whoever has the answer', async () => {
    const site = new HandlerFixture()
    const tag = (await evaluateAll(site, {})).headers.get('etag')
    expect(await objections(ALL, await evaluateAll(site, {}, tag))).toEqual([])
    expect((await description?.violations(ALL, new Response(null, { status: 418 })))?.length).toBe(1)
    await site.close()
  })
})
