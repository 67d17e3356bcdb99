import { createFlags } from '@flagstone/core'
import { redisCache } from '@flagstone/redis-adapter'
import type { Library } from '../library.ts'

export const flagstone: Library = {
  name: 'Flagstone',
  from: '@flagstone/core',
  used: 'createFlags({ store, cache: redisCache() }) with its own, longer times to live; isEnabled() and admin.update(). The store sends no hints here',
  subscribers: 1,
  async start({ port, key, source }) {
    const flags = createFlags({ store: source.slowStore, cache: redisCache({ url: `redis://127.0.0.1:${port}` }) })
    await flags.ready()
    return {
      read: async () => ({ rollout: (await flags.isEnabled(key, 'ada')) ? 100 : 0 }),
      write: async ({ rollout }) => void (await flags.admin.update(key, { rollout })),
      end: () => flags.close(),
    }
  },
}
