import { type Clock, type FlagSchema, type Flags, FlagsError } from '@flagstone/core'
import { systemClock, tell } from '@flagstone/core/adapter'
import type { Action } from './authorization/action.ts'
import type { Authorize, Verdict } from './authorization/verdict.ts'
import type { CacheAges } from './caching/cache-ages.ts'

export interface HandlerOptions<S extends FlagSchema = FlagSchema> {
  /** What answers. The handler never closes it. */
  readonly flags: Flags<S>
  /**
   * Whether a request may do what it is about to do, and who asks. Called for every request that the handler knows a route for, and whose name
   * a flag or segment can have, before its body is read; it must not read the body itself. What it throws refuses the request, with a 500.
   * Default: everything is refused.
   */
  authorize?(request: Request, action: Action): Verdict | Promise<Verdict>
  /** `'evaluate'` lets anybody do what is of kind `evaluate`, without asking `authorize`. Default: nothing is public. */
  readonly public?: 'evaluate'
  /** Where the routes begin, such as `/api`: empty, or segments that each begin with a slash. Default `''`. */
  readonly basePath?: string
  /** The largest body that is read, in bytes, 1 to 10,000,000. Default 100,000. */
  readonly maxBodyBytes?: number
  /** How long a body may take to arrive, in milliseconds, 1 to 600,000. Default 10,000. */
  readonly bodyTimeoutMs?: number
  /** How often a stream of events says that it is alive, in milliseconds, 1 to 600,000. Default 15,000. */
  readonly heartbeatMs?: number
  /**
   * Where pages reach `GET /events`: a path such as `/api/events`, at the origin that they ask, or an absolute `http(s)` URL; as browsers write
   * it, without a query. It is named in OFREP's answer for all flags, so that pages listen instead of polling. The handler cannot know it:
   * what it is mounted in may have taken part of the path off. Default: none is named.
   */
  readonly eventStreamUrl?: string
  /** Origins whose pages may ask, as browsers write them (`https://app.example`), or `'*'` for all; never with cookies. Default: none. */
  readonly cors?: { readonly origins: readonly string[] }
  /**
   * How long caches may keep what `public: 'evaluate'` answers for no user. Whatever is for one user, or behind `authorize`, is kept by the
   * client alone and asked for anew each time. `false`: nobody keeps anything, and there are no entity tags. Default: `CacheAges`' own.
   */
  readonly cache?: false | Partial<CacheAges>
  /**
   * Told of whatever was answered with a status of 500 or more, but for `VERSION_NOT_REACHED`, or with less than is known; message and `cause` have
   * the rest. May be `async`.
   */
  onError?(error: FlagsError): unknown
  /** Where time comes from; for tests. */
  readonly clock?: Clock
}

/** Every option with its default filled in. */
export interface ResolvedOptions {
  readonly flags: Flags
  readonly authorize: Authorize | undefined
  readonly isEvaluationPublic: boolean
  readonly basePath: string
  readonly maxBodyBytes: number
  readonly bodyTimeoutMs: number
  readonly heartbeatMs: number
  /** `undefined`: pages are told of none. */
  readonly eventStreamUrl: string | undefined
  /** Empty: no CORS. */
  readonly origins: readonly string[]
  /** `undefined`: nobody keeps anything. */
  readonly cache: CacheAges | undefined
  readonly report: (error: FlagsError) => void
  readonly clock: Clock
}

const KNOWN = [
  'flags',
  'authorize',
  'public',
  'basePath',
  'maxBodyBytes',
  'bodyTimeoutMs',
  'heartbeatMs',
  'eventStreamUrl',
  'cors',
  'cache',
  'onError',
  'clock',
]
const MAX_AGE_S = 86_400
const BASE_PATH = /^(\/[A-Za-z0-9._~-]+)*$/

/** Throws `INVALID_OPTIONS`, naming the option. */
export function resolveOptions<S extends FlagSchema>(options: HandlerOptions<S>): ResolvedOptions {
  if (options === null || typeof options !== 'object') invalid('flagsHandler() takes options: an object with flags at least.')
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option))
  if (unknown !== undefined) invalid(`There is no option ${unknown}.`)
  const { flags, authorize, basePath = '', eventStreamUrl, cors, onError, clock = systemClock } = options
  if (typeof flags?.evaluate !== 'function') refuse('flags', 'what createFlags() returned')
  if (authorize !== undefined && typeof authorize !== 'function') refuse('authorize', 'a function')
  if (options.public !== undefined && options.public !== 'evaluate') refuse('public', "'evaluate', or left out")
  if (typeof basePath !== 'string' || !BASE_PATH.test(basePath) || /\/\.{1,2}(\/|$)/.test(basePath)) {
    refuse('basePath', "'', or a path such as '/api': each segment begins with a slash, and the last does not end with one")
  }
  if (eventStreamUrl !== undefined && !isPathOrUrl(eventStreamUrl)) {
    refuse('eventStreamUrl', "a path such as '/api/events', or a URL such as 'https://flags.example/events', without a query")
  }
  if (onError !== undefined && typeof onError !== 'function') refuse('onError', 'a function')
  if (typeof clock?.after !== 'function') refuse('clock', 'a Clock')
  return {
    // The schema is for types alone.
    flags: flags as unknown as Flags,
    authorize: authorize?.bind(options),
    isEvaluationPublic: options.public === 'evaluate',
    basePath,
    maxBodyBytes: whole('maxBodyBytes', options.maxBodyBytes, 100_000, 10_000_000),
    bodyTimeoutMs: whole('bodyTimeoutMs', options.bodyTimeoutMs, 10_000, 600_000),
    heartbeatMs: whole('heartbeatMs', options.heartbeatMs, 15_000, 600_000),
    eventStreamUrl,
    origins: cors === undefined ? [] : originsOf(cors),
    cache: options.cache === false ? undefined : cacheAges(options.cache),
    report: (error) => tell('onError of flagsHandler()', () => onError?.call(options, error)),
    clock,
  }
}

function originsOf(cors: unknown): readonly string[] {
  const origins = cors !== null && typeof cors === 'object' && 'origins' in cors ? cors.origins : undefined
  if (Array.isArray(origins) && origins.length > 0 && origins.every(isOrigin)) return [...origins]
  return refuse('cors.origins', "a list of origins such as 'https://app.example', without a path, or ['*']")
}

function cacheAges(given: Partial<CacheAges> = {}): CacheAges {
  if (given === null || typeof given !== 'object') refuse('cache', 'false, or an object with maxAgeS and staleWhileRevalidateS')
  const unknown = Object.keys(given).find((age) => age !== 'maxAgeS' && age !== 'staleWhileRevalidateS')
  if (unknown !== undefined) invalid(`There is no option cache.${unknown}.`)
  return {
    maxAgeS: whole('cache.maxAgeS', given.maxAgeS, 5, MAX_AGE_S, 0),
    staleWhileRevalidateS: whole('cache.staleWhileRevalidateS', given.staleWhileRevalidateS, 5, MAX_AGE_S, 0),
  }
}

function isOrigin(origin: unknown): boolean {
  return origin === '*' || (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin)
}

/** As a browser would write it, so that it is the same to every page. */
function isPathOrUrl(given: unknown): boolean {
  if (typeof given !== 'string' || !URL.canParse(given, 'http://localhost')) return false
  const { protocol, origin, pathname } = new URL(given, 'http://localhost')
  return given === pathname || (/^https?:$/.test(protocol) && given === `${origin}${pathname}`)
}

function whole(option: string, value: number | undefined, fallback: number, max: number, min = 1): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || value < min || value > max) refuse(option, `a whole number from ${min} to ${max.toLocaleString('en')}`)
  return value
}

function refuse(option: string, expected: string): never {
  invalid(`The option ${option} must be ${expected}.`)
}

function invalid(message: string): never {
  throw new FlagsError('INVALID_OPTIONS', message)
}
