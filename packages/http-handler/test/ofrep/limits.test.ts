import { type FlagStore, memoryStore } from '@flagstone/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { around } from '../../../core/test/client-fleet.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, request } from '../http-requests.ts'
import { startLoopbackServer } from '../loopback-server.ts'
import { ALL } from './ofrep-requests.ts'

const FLAGS = 1_000
const REQUESTS = 1_000

let store: FlagStore & { readonly calls: Record<string, number> }
let fixture: HandlerFixture
beforeEach(async () => {
  store = around(memoryStore({ flags: Array.from({ length: FLAGS }, (_, index) => ({ name: `flag-${index}`, rollout: index % 101 })) }))
  fixture = new HandlerFixture({ store })
})
afterEach(() => fixture.close())

function asking(user: number, held?: string): RequestInit {
  return jsonRequest(
    { context: { targetingKey: `user-${user}`, plan: 'pro' } },
    held === undefined ? {} : { headers: { 'If-None-Match': held } },
  )
}

describe('a thousand concurrent requests for a thousand flags', () => {
  test('read nothing from the store after the first response', { timeout: 120_000 }, async () => {
    const handler = fixture.handler({ public: 'evaluate' })
    await handler(request(ALL, asking(-1)))
    const before = { ...store.calls }
    const responses = await Promise.all(Array.from({ length: REQUESTS }, (_, user) => handler(request(ALL, asking(user)))))
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(responses.map(({ headers }) => headers.get('etag'))).size).toBe(REQUESTS)
    const { flags } = ((await responses[7]?.json()) ?? {}) as { flags: { key: string; value: boolean }[] }
    const snapshot = await fixture.flags.snapshot()
    expect(flags.map(({ key, value }) => [key, value])).toEqual(snapshot.names.map((name) => [name, snapshot.isEnabled(name, 'user-7')]))
    expect(flags).toHaveLength(FLAGS)
    const tags = responses.map(({ headers }) => headers.get('etag') ?? '')
    const again = await Promise.all(tags.map((tag, user) => handler(request(ALL, asking(user, tag)))))
    expect(again.every(({ status }) => status === 304)).toBe(true)
    expect(store.calls).toEqual(before)
  })

  test('read the store once if none came before', { timeout: 120_000 }, async () => {
    const handler = fixture.handler({ public: 'evaluate' })
    const responses = await Promise.all(Array.from({ length: REQUESTS }, (_, user) => handler(request(ALL, asking(user)))))
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    // In two pages.
    expect([store.calls['loadAll'], store.calls['load']]).toEqual([2, undefined])
  })
})

describe('a context of a megabyte', () => {
  const body = JSON.stringify({ context: { targetingKey: 'ada', padding: 'x'.repeat(1_000_000) } })

  test('is refused by a real server, and the next request is answered', async () => {
    const loopback = await startLoopbackServer(fixture.handler({ public: 'evaluate' }))
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${loopback.url}${ALL}`, { method: 'POST', body, headers })
    expect([response.status, response.headers.get('content-type')]).toEqual([413, 'application/problem+json'])
    await response.text()
    const next = await fetch(`${loopback.url}${ALL}`, { method: 'POST', body: '{"context":{"targetingKey":"ada"}}', headers })
    expect(next.status).toBe(200)
    await loopback.close()
  })

  test('is accepted if the option allows it', async () => {
    const response = await fixture.handler({ maxBodyBytes: 2_000_000 })(request(ALL, jsonRequest(body)))
    expect([response.status, response.headers.get('etag')?.length]).toEqual([200, 26])
  })
})
