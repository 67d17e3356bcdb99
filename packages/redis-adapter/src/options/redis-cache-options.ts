import { FlagsError } from '@flagstone/core/adapter'

/** A `Redis` or `Cluster` of ioredis 5 or 6. Flagstone only duplicates it: it runs no command on it and never closes it. */
export interface RedisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  duplicate(...overrides: never[]): unknown
}

interface Prefix {
  /**
   * Goes before every key and channel, so that several applications can share one Redis: at most 100 characters, no braces, no control
   * characters. Default: none. A `keyPrefix` of the client goes before it.
   */
  readonly prefix?: string
}

/** How to reach Redis: a client whose connection settings are copied, or the URL of a standalone Redis (`redis://` or `rediss://`). */
export type RedisCacheOptions =
  | (Prefix & { readonly client: RedisClient; readonly url?: undefined })
  | (Prefix & { readonly url: string; readonly client?: undefined })

/** The checked options. */
export interface ResolvedOptions {
  readonly from: RedisClient | string
  readonly prefix: string
}

const KNOWN = new Set(['client', 'url', 'prefix'])
const PREFIX = /^[^{}\p{Cc}\p{Cs}]{0,100}$/u
const ADDRESS = /^rediss?:\/\/./

/** Throws `INVALID_OPTIONS`, naming the option. The message never contains the URL, which may hold a password. */
export function resolveOptions(options: RedisCacheOptions): ResolvedOptions {
  const given: unknown = options
  if (given === null || typeof given !== 'object') throw invalidOptions('needs an object with `client` or `url`')
  const unknown = Object.keys(given).find((name) => !KNOWN.has(name))
  if (unknown !== undefined) throw invalidOptions(`does not know the option \`${unknown}\`; it takes \`client\` or \`url\`, and \`prefix\``)
  const { client, url, prefix = '' } = given as { readonly [name: string]: unknown }
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw invalidOptions('needs a `prefix` of at most 100 characters without braces and control characters')
  }
  if ((client === undefined) === (url === undefined)) throw invalidOptions('needs either `client` or `url`')
  if (url !== undefined) {
    if (typeof url !== 'string' || !ADDRESS.test(url)) throw invalidOptions('needs a `url` that starts with redis:// or rediss://')
    return { from: url, prefix }
  }
  if (!isClient(client)) throw invalidOptions('needs as `client` a Redis or a Cluster of ioredis 5 or 6')
  return { from: client, prefix }
}

function isClient(value: unknown): value is RedisClient {
  if (value === null || typeof value !== 'object') return false
  const { duplicate, options } = value as Partial<RedisClient>
  return typeof duplicate === 'function' && options !== null && typeof options === 'object'
}

function invalidOptions(what: string): FlagsError {
  return new FlagsError('INVALID_OPTIONS', `redisCache() ${what}.`)
}
