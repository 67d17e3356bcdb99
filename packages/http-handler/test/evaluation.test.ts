import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Site, sending } from './site.ts'

let site: Site
beforeEach(async () => {
  site = new Site()
  await site.store.create({ name: 'new_feature', rollout: 50 })
})
afterEach(() => site.end())

describe('GET /flags/{name}', () => {
  test('answers what evaluate answers', async () => {
    const response = await site.ask('/flags/new_feature?user_id=ada')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    const { source: _, ...evaluation } = await site.flags.evaluate('new_feature', 'ada')
    expect(await response.json()).toMatchObject(evaluation)
  })
})

describe('POST /flags/{name}/update', () => {
  test('patches the flag and answers it with its version', async () => {
    const response = await site.ask('/flags/new_feature/update', sending({ rollout: 100 }))
    expect([response.status, response.headers.get('etag')]).toEqual([200, '"2"'])
    expect(await response.json()).toMatchObject({ flag: { rollout: 100, version: 2 }, version: 2, propagation: 'ok' })
    expect(await site.flags.isEnabled('new_feature', 'ada')).toBe(true)
  })
})
