import { flagsHandler, type Handler, type HandlerOptions } from '@flagstone/http-handler'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { gate } from '../../../core/test/client-fleet.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, request } from '../http-requests.ts'
import { countingFlags } from './counting-flags.ts'

const ADA = '/flags/one?user_id=ada'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'one', rollout: 50 })
})
afterEach(() => fixture.close())

interface CachingHandler {
  readonly handler: Handler
  readonly evaluations: () => number
}

function cachingHandler(options: Partial<HandlerOptions> = { public: 'evaluate' }): CachingHandler {
  const { flags, evaluations } = countingFlags(fixture)
  return { handler: flagsHandler({ flags, clock: fixture.clock, ...options }), evaluations }
}

describe('the response for a flag', () => {
  test('is cached, so that a repeated request costs no evaluation until something changes', async () => {
    const { handler, evaluations } = cachingHandler()
    const first = await handler(request(ADA))
    const again = await handler(request(ADA))
    expect([again.status, await again.text(), [...again.headers]]).toEqual([200, await first.text(), [...first.headers]])
    expect(evaluations()).toBe(1)
    await fixture.flags.admin.update('one', { rollout: 100 })
    for (const user of ['eve', 'ada']) {
      expect(await (await handler(request(`/flags/one?user_id=${user}`))).json()).toMatchObject({ enabled: true, rollout: 100 })
    }
    for (const user of ['eve', 'ada']) await handler(request(`/flags/one?user_id=${user}`))
    expect(evaluations()).toBe(3)
  })

  test('is cached for up to 10,000 users, separately', async () => {
    const { handler, evaluations } = cachingHandler()
    for (let user = 0; user <= 10_000; user++) await handler(request(`/flags/one?user_id=${user}`))
    expect(evaluations()).toBe(10_001)
    expect(await (await handler(request('/flags/one?user_id=10000'))).json()).toMatchObject({ targetingKey: '10000' })
    expect(evaluations()).toBe(10_001)
    await handler(request('/flags/one?user_id=0'))
    expect(evaluations()).toBe(10_002)
  })

  test('is evaluated anew after a minute, so that the flag counts as used', async () => {
    const { handler, evaluations } = cachingHandler()
    for (const [ms, times] of [
      [0, 1],
      [59_999, 1],
      [1, 2],
      [59_999, 2],
    ] as const) {
      await fixture.clock.advance(ms)
      expect((await handler(request(ADA))).status).toBe(200)
      expect(evaluations()).toBe(times)
    }
  })

  test('is never older than one that another request got meanwhile', async () => {
    const handler = fixture.handler({ public: 'evaluate' })
    await handler(request(ADA))
    const held = gate()
    const snapshot = fixture.flags.snapshot.bind(fixture.flags)
    vi.spyOn(fixture.flags, 'snapshot').mockImplementationOnce(async () => {
      await held.opened
      return await snapshot()
    })
    const slow = handler(request(ADA))
    await fixture.flags.admin.update('one', { rollout: 100 })
    const now = { version: 2, rollout: 100 }
    expect(await (await handler(request(ADA))).json()).toMatchObject(now)
    held.open()
    expect(await (await slow).json()).toMatchObject(now)
    vi.restoreAllMocks()
  })

  test('is cached up to five million characters in all, the newest first, and as many after a change', async () => {
    await fixture.store.create({ name: 'long', rollout: 100, variants: [{ name: 'a', value: 'x'.repeat(9_000), weight: 1 }] })
    const { handler, evaluations } = cachingHandler()
    const ask = (user: number): Promise<Response> => handler(request(`/flags/long?user_id=${user}`))
    const { length } = await (await ask(0)).text()
    const fit = Math.floor(5_000_000 / (length + request('/flags/long?user_id=0').url.length + 2))
    for (let user = 1; user <= fit + 20; user++) await ask(user)
    const before = evaluations()
    for (const [user, more] of [
      [fit + 20, 0],
      [fit - 400, 0],
      [0, 1],
    ] as const) {
      await ask(user)
      expect([user, evaluations() - before]).toEqual([user, more])
    }
    await fixture.flags.admin.update('one', { rollout: 100 })
    for (const times of [2, 2]) {
      await ask(1)
      expect(evaluations() - before).toBe(times)
    }
  })

  test('counts once if concurrent requests store it', async () => {
    await fixture.store.create({ name: 'long', rollout: 100, variants: [{ name: 'a', value: 'x'.repeat(9_000), weight: 1 }] })
    const { handler, evaluations } = cachingHandler()
    const ask = (): Promise<Response> => handler(request('/flags/long?user_id=ada'))
    await Promise.all(Array.from({ length: 600 }, ask))
    expect(evaluations()).toBe(600)
    await ask()
    expect(evaluations()).toBe(600)
  })

  test('is not cached if its body has more than 10,000 characters', async () => {
    await fixture.store.create({ name: 'long', rollout: 100, variants: [{ name: 'a', value: 'x'.repeat(10_000), weight: 1 }] })
    const { handler, evaluations } = cachingHandler()
    for (const times of [1, 2]) {
      expect((await handler(request('/flags/long?user_id=ada'))).headers.get('etag')).not.toBeNull()
      expect(evaluations()).toBe(times)
    }
  })

  test('is not cached for a URL of more than 500 characters', async () => {
    const { handler, evaluations } = cachingHandler()
    const { length } = request(ADA).url
    for (const [more, times] of [
      [500 - length, 1],
      [501 - length, 3],
    ] as const) {
      for (let asked = 0; asked < 2; asked++) await handler(request(ADA + 'a'.repeat(more)))
      expect(evaluations()).toBe(times)
    }
  })

  test('is cached under a base path, and not served outside of it', async () => {
    const { handler, evaluations } = cachingHandler({ public: 'evaluate', basePath: '/api' })
    for (let asked = 0; asked < 2; asked++) expect((await handler(request(`/api${ADA}`))).status).toBe(200)
    expect([(await handler(request(ADA))).status, evaluations()]).toEqual([404, 1])
  })

  test('is served to no other method', async () => {
    const { handler } = cachingHandler()
    const head = await handler(request(ADA, { method: 'HEAD' }))
    const get = await handler(request(ADA))
    expect([await head.text(), await get.json()]).toMatchObject(['', { targetingKey: 'ada' }])
    expect(await (await handler(request(ADA, { method: 'HEAD' }))).text()).toBe('')
    expect((await handler(request(ADA, jsonRequest({})))).status).toBe(405)
  })

  test('is served only if `authorize` allows it, each time', async () => {
    let isAllowed = true
    let asked = 0
    const authorize = (): boolean => {
      asked++
      return isAllowed
    }
    const { handler, evaluations } = cachingHandler({ authorize })
    for (let times = 0; times < 2; times++) expect((await handler(request(ADA))).status).toBe(200)
    isAllowed = false
    expect([(await handler(request(ADA))).status, asked, evaluations()]).toEqual([403, 3, 1])
  })

  test('has the CORS headers for the origin of each request', async () => {
    const { handler, evaluations } = cachingHandler({ public: 'evaluate', cors: { origins: ['https://a.example', 'https://b.example'] } })
    for (const [origin, shared] of [
      ['https://a.example', 'https://a.example'],
      ['https://b.example', 'https://b.example'],
      ['https://c.example', null],
    ] as const) {
      const { headers } = await handler(request(ADA, { headers: { Origin: origin } }))
      expect(headers.get('access-control-allow-origin')).toBe(shared)
    }
    expect(evaluations()).toBe(1)
  })

  test('is still computed once the client is closed', async () => {
    const { handler } = cachingHandler()
    const first = await handler(request(ADA))
    await fixture.close()
    const last = await handler(request(ADA))
    expect([first.status, last.status, last.headers.get('etag')]).toEqual([200, 200, null])
  })
})
