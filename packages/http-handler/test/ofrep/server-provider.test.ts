import { OFREPProvider } from '@openfeature/ofrep-provider'
import { type Client, type EvaluationContext, OpenFeature } from '@openfeature/server-sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts'

const TOKEN = 'Bearer right'

let fixture: HandlerFixture
let loopback: LoopbackServer
beforeEach(async () => {
  fixture = new HandlerFixture()
  const authorize = (request: Request): boolean => request.headers.get('authorization') === TOKEN
  loopback = await startLoopbackServer(fixture.handler({ authorize }))
  const variants = (value: string | number | { readonly columns: number }): { name: string; value: typeof value; weight: number }[] => [
    { name: 'it', value, weight: 1 },
  ]
  const when = [{ attribute: 'plan', operator: 'equals', value: 'pro' } as const]
  await fixture.store.create({ name: 'gate', rollout: 0, rules: [{ when, rollout: 100 }] })
  await fixture.store.create({ name: 'half', rollout: 50 })
  await fixture.store.create({ name: 'text', rollout: 100, variants: variants('blue') })
  await fixture.store.create({ name: 'number', rollout: 100, variants: variants(7) })
  await fixture.store.create({ name: 'object', rollout: 100, variants: variants({ columns: 3 }) })
  await fixture.store.create({ name: 'out', rollout: 0, variants: variants('blue') })
  await fixture.store.create({ name: 'killed', enabled: false })
})
afterEach(async () => {
  await OpenFeature.clearProviders()
  await loopback.close()
  await fixture.close()
})

async function client(authorization = TOKEN): Promise<Client> {
  const headers: [string, string][] = [['Authorization', authorization]]
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: loopback.url, headers }))
  return OpenFeature.getClient()
}

const ADA: EvaluationContext = { targetingKey: 'ada', plan: 'pro' }

describe('the official OFREP provider for servers', () => {
  test('gets each type of value', async () => {
    const ask = await client()
    expect(await ask.getBooleanValue('gate', false, ADA)).toBe(true)
    expect(await ask.getStringValue('text', 'red', ADA)).toBe('blue')
    expect(await ask.getNumberValue('number', 0, ADA)).toBe(7)
    expect(await ask.getObjectValue('object', { columns: 1 }, ADA)).toEqual({ columns: 3 })
  })

  test('gets the reason, the variant and the version', async () => {
    const ask = await client()
    const details = await ask.getStringDetails('text', 'red', ADA)
    expect(details).toMatchObject({ value: 'blue', variant: 'it', reason: 'STATIC', flagMetadata: { version: 3, source: 'memory' } })
    expect(await ask.getBooleanDetails('gate', false, ADA)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
  })

  test('agrees with the client in the process for every user', async () => {
    const ask = await client()
    for (let user = 0; user < 100; user++) {
      const targetingKey = `user-${user}`
      expect(await ask.getBooleanValue('half', false, { targetingKey })).toBe(await fixture.flags.isEnabled('half', targetingKey))
    }
  })

  test('turns off a disabled flag, whatever the default is', async () => {
    expect(await (await client()).getBooleanDetails('killed', true, ADA)).toMatchObject({ value: false, reason: 'DISABLED' })
  })

  test('gives the default to a user who is out of a flag with variants', async () => {
    // This provider is older than OFREP 0.3: it reports a response without a value as an error, but still gives the default.
    const errorMessage = expect.stringContaining('does not match the expected format')
    expect(await (await client()).getStringDetails('out', 'red', ADA)).toMatchObject({ value: 'red', errorCode: 'GENERAL', errorMessage })
  })

  test.each([
    ['a flag that does not exist', 'missing', ADA, 'FLAG_NOT_FOUND'],
    ['a name that no flag can have', 'no/such name', ADA, 'FLAG_NOT_FOUND'],
    ['a flag that needs a targeting key, without one', 'half', {}, 'TARGETING_KEY_MISSING'],
    ['a flag of another type', 'text', ADA, 'TYPE_MISMATCH'],
  ])('is told of %s', async (_, name, context, errorCode) => {
    expect(await (await client()).getBooleanDetails(name, true, context)).toMatchObject({ value: true, reason: 'ERROR', errorCode })
  })

  test('is refused without the right token', async () => {
    const details = await (await client('Bearer wrong')).getBooleanDetails('gate', false, ADA)
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL', errorMessage: '' })
  })

  test('sees an update with its next evaluation', async () => {
    const ask = await client()
    await fixture.flags.admin.update('killed', { enabled: true, rollout: 100 })
    expect(await ask.getBooleanValue('killed', false, ADA)).toBe(true)
  })
})
