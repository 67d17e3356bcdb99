import { flagsHandler, type Handler, type HandlerOptions } from '@flagstone/http-handler'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { gate } from '../../../core/test/world.ts'
import { HandlerFixture, jsonRequest, request } from '../handler-fixture.ts'
import { countingFlags } from './counting-flags.ts'

const ADA = '/flags/one?user_id=ada'

let site: HandlerFixture
beforeEach(async () => {
  site = new HandlerFixture()
  await site.store.create({ name: 'one', rollout: 50 })
})
afterEach(() => site.close())

interface Kept {
  readonly handler: Handler
  readonly evaluations: () => number
}

function keeping(options: Partial<HandlerOptions> = { public: 'evaluate' }): Kept {
  const { flags, evaluations } = countingFlags(site)
  return { handler: flagsHandler({ flags, clock: site.clock, ...options }), evaluations }
}

describe('the answer for a flag', () => {
  test('is kept, so that who asks again costs no evaluation, until something changes', async () => {
    const { handler, evaluations } = keeping()
    const first = await handler(request(ADA))
    const again = await handler(request(ADA))
    expect([again.status, await again.text(), [...again.headers]]).toEqual([200, await first.text(), [...first.headers]])
    expect(evaluations()).toBe(1)
    await site.flags.admin.update('one', { rollout: 100 })
    for (const user of ['eve', 'ada']) {
      expect(await (await handler(request(`/flags/one?user_id=${user}`))).json()).toMatchObject({ enabled: true, rollout: 100 })
    }
    for (const user of ['eve', 'ada']) await handler(request(`/flags/one?user_id=${user}`))
    expect(evaluations()).toBe(3)
  })

  test('is kept for 10,000 users at most, each their own', async () => {
    const { handler, evaluations } = keeping()
    for (let user = 0; user <= 10_000; user++) await handler(request(`/flags/one?user_id=${user}`))
    expect(evaluations()).toBe(10_001)
    expect(await (await handler(request('/flags/one?user_id=10000'))).json()).toMatchObject({ targetingKey: '10000' })
    expect(evaluations()).toBe(10_001)
    await handler(request('/flags/one?user_id=0'))
    expect(evaluations()).toBe(10_002)
  })

  test('is evaluated anew after a minute, so that it is seen as used', async () => {
    const { handler, evaluations } = keeping()
    for (const [ms, times] of [
      [0, 1],
      [59_999, 1],
      [1, 2],
      [59_999, 2],
    ] as const) {
      await site.clock.advance(ms)
      expect((await handler(request(ADA))).status).toBe(200)
      expect(evaluations()).toBe(times)
    }
  })

  test('is never an older one than another request has had meanwhile', async () => {
    const handler = site.handler({ public: 'evaluate' })
    await handler(request(ADA))
    const held = gate()
    const snapshot = site.flags.snapshot.bind(site.flags)
    vi.spyOn(site.flags, 'snapshot').mockImplementationOnce(async () => {
      await held.opened
      return await snapshot()
    })
    const slow = handler(request(ADA))
    await site.flags.admin.update('one', { rollout: 100 })
    const now = { version: 2, rollout: 100 }
    expect(await (await handler(request(ADA))).json()).toMatchObject(now)
    held.open()
    expect(await (await slow).json()).toMatchObject(now)
    vi.restoreAllMocks()
  })

  test('is kept up to five million characters in all, the newest of them, and as many after a change', async () => {
    await site.store.create({ name: 'long', rollout: 100, variants: [{ name: 'a', value: 'x'.repeat(9_000), weight: 1 }] })
    const { handler, evaluations } = keeping()
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
    await site.flags.admin.update('one', { rollout: 100 })
    for (const times of [2, 2]) {
      await ask(1)
      expect(evaluations() - before).toBe(times)
    }
  })

  test('counts once for those who ask for it at the same time', async () => {
    await site.store.create({ name: 'long', rollout: 100, variants: [{ name: 'a', value: 'x'.repeat(9_000), weight: 1 }] })
    const { handler, evaluations } = keeping()
    const ask = (): Promise<Response> => handler(request('/flags/long?user_id=ada'))
    await Promise.all(Array.from({ length: 600 }, ask))
    expect(evaluations()).toBe(600)
    await ask()
    expect(evaluations()).toBe(600)
  })

  test('is not kept where its body has more than 10,000 characters', async () => {
    await site.store.create({ name: 'long', rollout: 100, variants: [{ name: 'a', value: 'x'.repeat(10_000), weight: 1 }] })
    const { handler, evaluations } = keeping()
    for (const times of [1, 2]) {
      expect((await handler(request('/flags/long?user_id=ada'))).headers.get('etag')).not.toBeNull()
      expect(evaluations()).toBe(times)
    }
  })

  test('is not kept for an address of more than 500 characters', async () => {
    const { handler, evaluations } = keeping()
    const { length } = request(ADA).url
    for (const [more, times] of [
      [500 - length, 1],
      [501 - length, 3],
    ] as const) {
      for (let asked = 0; asked < 2; asked++) await handler(request(ADA + 'a'.repeat(more)))
      expect(evaluations()).toBe(times)
    }
  })

  test('is kept where the handler has a base path, and for nobody outside of it', async () => {
    const { handler, evaluations } = keeping({ public: 'evaluate', basePath: '/api' })
    for (let asked = 0; asked < 2; asked++) expect((await handler(request(`/api${ADA}`))).status).toBe(200)
    expect([(await handler(request(ADA))).status, evaluations()]).toEqual([404, 1])
  })

  test('is given to no other method', async () => {
    const { handler } = keeping()
    const head = await handler(request(ADA, { method: 'HEAD' }))
    const get = await handler(request(ADA))
    expect([await head.text(), await get.json()]).toMatchObject(['', { targetingKey: 'ada' }])
    expect(await (await handler(request(ADA, { method: 'HEAD' }))).text()).toBe('')
    expect((await handler(request(ADA, jsonRequest({})))).status).toBe(405)
  })

  test('is given only to whom `authorize` allows it, each time', async () => {
    let isAllowed = true
    let asked = 0
    const authorize = (): boolean => {
      asked++
      return isAllowed
    }
    const { handler, evaluations } = keeping({ authorize })
    for (let times = 0; times < 2; times++) expect((await handler(request(ADA))).status).toBe(200)
    isAllowed = false
    expect([(await handler(request(ADA))).status, asked, evaluations()]).toEqual([403, 3, 1])
  })

  test('says of each origin whether its page may read it', async () => {
    const { handler, evaluations } = keeping({ public: 'evaluate', cors: { origins: ['https://a.example', 'https://b.example'] } })
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

  test('is still given once the client is closed', async () => {
    const { handler } = keeping()
    const first = await handler(request(ADA))
    await site.close()
    const last = await handler(request(ADA))
    expect([first.status, last.status, last.headers.get('etag')]).toEqual([200, 200, null])
  })
})
