import { isNotAvailable, startPrivateNginx } from '@flagstone/services'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { flagsHandler, type HandlerOptions } from '../../src/index.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { countingFlags } from './counting-flags.ts'
import { type NginxCache, startNginxCache } from './nginx-cache.ts'

const tried = await startPrivateNginx({ server: '' })
const absent = isNotAvailable(tried) ? tried.absent : undefined
if (isNotAvailable(tried)) console.log(`The cache in front of the handler is not tested: ${tried.absent}`)
else await tried.stop()

let fixture: HandlerFixture
let nginx: NginxCache
let evaluations: () => number
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'one', rollout: 0 })
})
afterEach(async () => {
  await nginx.close()
  await fixture.close()
})

async function open(options: Omit<HandlerOptions, 'flags'>): Promise<NginxCache> {
  const counting = countingFlags(fixture)
  evaluations = counting.evaluations
  const opened = await startNginxCache(flagsHandler({ flags: counting.flags, clock: fixture.clock, ...options }))
  if (isNotAvailable(opened)) throw new Error(opened.absent)
  nginx = opened
  return opened
}

describe.skipIf(absent !== undefined)(`nginx in front of the handler${absent === undefined ? '' : ` (${absent})`}`, () => {
  test('serves what it has, and revalidates what has expired by its entity tag, without an evaluation', async () => {
    const { get, untilExpired, originStatuses, product } = await open({
      public: 'evaluate',
      cache: { maxAgeS: 3, staleWhileRevalidateS: 0 },
    })
    const first = await get('/flags/one')
    expect([first.cacheStatus, (await get('/flags/one')).cacheStatus, originStatuses, evaluations()]).toEqual(['MISS', 'HIT', [200], 1])
    const from = performance.now()
    const expired = await untilExpired('/flags/one')
    console.log(
      `${product}: MISS, HIT, and after ${Math.round(performance.now() - from)} ms ${expired.cacheStatus} (${originStatuses.join(', ')} from the handler)`,
    )
    expect([expired.cacheStatus, expired.body, originStatuses, evaluations()]).toEqual(['REVALIDATED', first.body, [200, 304], 1])
    expect((await get('/flags/one')).cacheStatus).toBe('HIT')
  })

  test('serves the new response after a change, once the old one has expired', async () => {
    const { get, untilExpired, originStatuses } = await open({ public: 'evaluate', cache: { maxAgeS: 1, staleWhileRevalidateS: 0 } })
    expect((await get('/flags/one')).body).toMatchObject({ enabled: false })
    await fixture.flags.admin.update('one', { rollout: 100 })
    const expired = await untilExpired('/flags/one')
    expect([expired.cacheStatus, expired.body['enabled'], originStatuses]).toEqual(['EXPIRED', true, [200, 200]])
  })

  test('serves the old response once more while it fetches the new one', async () => {
    const { get, untilExpired } = await open({ public: 'evaluate', cache: { maxAgeS: 1, staleWhileRevalidateS: 60 } })
    await get('/flags/one')
    await fixture.flags.admin.update('one', { rollout: 100 })
    const expired = await untilExpired('/flags/one')
    expect([expired.cacheStatus, expired.body['enabled']]).toEqual(['STALE', false])
    let later = expired
    while (later.body['enabled'] === false) later = await get('/flags/one')
    expect(later.body['enabled']).toBe(true)
  })

  test('keeps no response for one user, for a version, or with an error', async () => {
    const { get, originStatuses } = await open({ public: 'evaluate', cache: { maxAgeS: 60 } })
    for (const path of ['/flags/one?user_id=ada', '/flags/one?min_version=1', '/flags/one?nonsense=1']) {
      expect([(await get(path)).cacheStatus, (await get(path)).cacheStatus]).toEqual(['MISS', 'MISS'])
    }
    expect(originStatuses).toEqual([200, 200, 200, 200, 400, 400])
  })

  test('serves nobody a response that another client was allowed', async () => {
    const authorize = (request: Request): boolean => request.headers.get('authorization') === 'Bearer right'
    const { get } = await open({ authorize, cache: { maxAgeS: 60 } })
    const allowed = await get('/flags/one', { Authorization: 'Bearer right' })
    const others = [await get('/flags/one'), await get('/flags/one', { Authorization: 'Bearer wrong' })]
    expect([allowed, ...others].map(({ status, cacheStatus }) => [status, cacheStatus])).toEqual([
      [200, 'MISS'],
      [403, 'MISS'],
      [403, 'MISS'],
    ])
    expect(others.map(({ body }) => body['code'])).toEqual(['FORBIDDEN', 'FORBIDDEN'])
  })
})
