import { FlagsError } from '@flagstone/core/adapter'

/** A `Redis` or a `Cluster` of ioredis 5 or 6. It is only duplicated: no command runs on it, and it is never closed. */
export interface RedisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
  duplicate(...overrides: never[]): unknown
}

interface Prefix {
  /**
   * Goes before every key and channel, so that several applications can use one Redis: at most 100 characters, no braces, no control
   * characters. Default: none. A `keyPrefix` of the client goes before it.
   */
  readonly prefix?: string
}

/** Where Redis is: a client, whose connection settings are used, or the address of a standalone Redis (`redis://` or `rediss://`). */
export type RedisCacheOptions =
  | (Prefix & { readonly client: RedisClient; readonly url?: undefined })
  | (Prefix & { readonly url: string; readonly client?: undefined })

/** The options, checked. */
export interface ResolvedOptions {
  readonly from: RedisClient | string
  readonly prefix: string
}

const KNOWN = new Set(['client', 'url', 'prefix'])
const PREFIX = /^[^{}\p{Cc}\p{Cs}]{0,100}$/u
const ADDRESS = /^rediss?:\/\/./

/** Throws `INVALID_OPTIONS`, naming the option; an address is never part of the message, since it can hold a password. */
export function resolveOptions(options: RedisCacheOptions): ResolvedOptions {
  const given: unknown = options
  if (given === null || typeof given !== 'object') throw invalid('needs an object with `client` or `url`')
  const unknown = Object.keys(given).find((name) => !KNOWN.has(name))
  if (unknown !== undefined) throw invalid(`does not know the option \`${unknown}\`; it takes \`client\` or \`url\`, and \`prefix\``)
  const { client, url, prefix = '' } = given as { readonly [name: string]: unknown }
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw invalid('needs a `prefix` of at most 100 characters without braces and control characters')
  }
  if ((client === undefined) === (url === undefined)) throw invalid('needs either `client` or `url`')
  if (url !== undefined) {
    if (typeof url !== 'string' || !ADDRESS.test(url)) throw invalid('needs a `url` that starts with redis:// or rediss://')
    return { from: url, prefix }
  }
  if (!isClient(client)) throw invalid('needs as `client` a Redis or a Cluster of ioredis 5 or 6')
  return { from: client, prefix }
}

function isClient(value: unknown): value is RedisClient {
  if (value === null || typeof value !== 'object') return false
  const { duplicate, options } = value as Partial<RedisClient>
  return typeof duplicate === 'function' && options !== null && typeof options === 'object'
}

function invalid(what: string): FlagsError {
  return new FlagsError('INVALID_OPTIONS', `redisCache() ${what}.`)
}
