/**
 * Redis as the shared cache of Flagstone.
 *
 * @module
 */

export type { RedisCacheOptions, RedisClient } from './options/redis-cache-options.ts'
export { redisCache } from './redis-cache.ts'
