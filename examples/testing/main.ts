/**
 * Unit tests of an app's own code: `memoryStore()` in place of PostgreSQL, no Redis, nothing to start and nothing to mock. Every user gets
 * the same answer as in production.
 *
 *     npx -y pnpm@12 example testing
 *
 * It uses Node's own test runner; vitest and jest work the same way.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFlags, type Flags, memoryStore, type NewFlag } from '@flagstone/core'
import { priceFor } from './price-for.ts'

function flagsWith(...flags: NewFlag[]): Flags {
  return createFlags({ store: memoryStore({ flags }) })
}

test('the sale takes ten percent off', async () => {
  await using flags = flagsWith({ name: 'summer_sale', rollout: 100 })
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 1_800)
})

test('without the flag the price is the full price', async () => {
  await using flags = flagsWith()
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 2_000)
})

test('the kill switch beats the rollout', async () => {
  await using flags = flagsWith({ name: 'summer_sale', rollout: 100, enabled: false })
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 2_000)
})

test('at 50 percent each customer always gets the same price', async () => {
  await using flags = flagsWith({ name: 'summer_sale', rollout: 50 })
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 1_800)
  assert.equal(await priceFor({ id: 'eve', basket: 2_000 }, flags), 2_000)
})

test('a change in the middle of a session shows at once', async () => {
  await using flags = flagsWith({ name: 'summer_sale' })
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 2_000)
  await flags.admin.update('summer_sale', { rollout: 100 })
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 1_800)
})

test('if the flags cannot be read, the app uses the full price', async () => {
  const away = (): Promise<never> => Promise.reject(new Error('the database is away'))
  const store = Object.assign(memoryStore({ flags: [{ name: 'summer_sale', rollout: 100 }] }), { head: away, load: away })
  await using flags = createFlags({ store })
  assert.equal(await priceFor({ id: 'ada', basket: 2_000 }, flags), 2_000)
})
