import { expect, test } from 'vitest'
import { request, Site } from './site.ts'

const REQUESTS = 10_000

test(`${REQUESTS.toLocaleString('en')} requests in flight are all answered, with one read of the store`, { timeout: 60_000 }, async () => {
  const site = new Site()
  await site.store.create({ name: 'a', rollout: 50 })
  const handler = site.handler()
  const asking = Array.from({ length: REQUESTS }, (_, user) => handler(request(`/flags/a?user_id=user-${user}`)))
  const responses = await site.clock.until(Promise.all(asking))
  const answers = (await Promise.all(responses.map((response) => response.json()))) as { enabled: boolean; targetingKey: string }[]
  expect(responses.every(({ status }) => status === 200)).toBe(true)
  expect(answers.map(({ targetingKey }) => targetingKey)).toEqual(Array.from({ length: REQUESTS }, (_, user) => `user-${user}`))
  expect(site.flags.stats().store).toEqual({ reads: 1, flags: 1 })
  handler.close()
  await site.end()
})
