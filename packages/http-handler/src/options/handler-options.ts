import { type Clock, type FlagSchema, type Flags, FlagsError } from '@flagstone/core'
import { callHost, systemClock } from '@flagstone/core/adapter'
import type { Action } from '../authorization/action.ts'
import type { Authorize, Verdict } from '../authorization/verdict.ts'
import type { CacheAges } from '../caching/cache-ages.ts'

export interface HandlerOptions<S extends FlagSchema = FlagSchema> {
  /** The client that evaluates and administers flags. The handler never closes it. */
  readonly flags: Flags<S>
  /**
   * Decides whether a request is allowed, and names its actor. Called for every request with a known route and a legal name, before the body is
   * read. It must not read the body itself. If it throws, the request is refused with a 500. Default: every request is refused.
   */
  authorize?(request: Request, action: Action): Verdict | Promise<Verdict>
  /** `'evaluate'` allows all actions of kind `evaluate` without calling `authorize`. Default: nothing is public. */
  readonly public?: 'evaluate'
  /** The path in front of all routes, such as `/api`: empty, or segments that each begin with a slash. Default `''`. */
  readonly basePath?: string
  /** The largest body that is read, in bytes, 1 to 10,000,000. Default 100,000. */
  readonly maxBodyBytes?: number
  /** How long a whole body may take to arrive, in milliseconds, 1 to 600,000. Default 10,000. */
  readonly bodyTimeoutMs?: number
  /** How often an event stream sends a heartbeat, in milliseconds, 1 to 600,000. Default 15,000. */
  readonly heartbeatMs?: number
  /**
   * Where pages reach `GET /events`: a path such as `/api/events` at the origin of their requests, or an absolute `http(s)` URL; as browsers
   * write it, without a query. OFREP's response for all flags names it, so that pages listen instead of polling. The handler cannot know it
   * by itself, because the server in front may strip part of the path. Default: none is named.
   */
  readonly eventStreamUrl?: string
  /** Origins whose pages may read responses, as browsers write them (`https://app.example`), or `'*'` for all; never with cookies. Default: none. */
  readonly cors?: { readonly origins: readonly string[] }
  /**
   * How long shared caches may keep a public evaluation without a user. A response for one user, or behind `authorize`, may be kept by the
   * client only, which revalidates it on each use. `false`: nothing may be kept, and there are no entity tags. Default: those of `CacheAges`.
   */
  readonly cache?: false | Partial<CacheAges>
  /**
   * Called with every error that was answered with a status of 500 or more (except `VERSION_NOT_REACHED` of an OFREP request), or whose message was replaced in
   * the response. The error has the full message and `cause`. May be `async`.
   */
  onError?(error: FlagsError): unknown
  /** The source of time, for tests. */
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
  /** `undefined`: no stream is named to pages. */
  readonly eventStreamUrl: string | undefined
  /** Empty: no CORS. */
  readonly origins: readonly string[]
  /** `undefined`: no response may be kept. */
  readonly cache: CacheAges | undefined
  readonly report: (error: FlagsError) => void
  readonly clock: Clock
}

const OPTION_NAMES = [
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
  const unknown = Object.keys(options).find((option) => !OPTION_NAMES.includes(option))
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
    // The schema matters to types only.
    flags: flags as unknown as Flags,
    authorize: authorize?.bind(options),
    isEvaluationPublic: options.public === 'evaluate',
    basePath,
    maxBodyBytes: wholeNumber('maxBodyBytes', options.maxBodyBytes, 100_000, 10_000_000),
    bodyTimeoutMs: wholeNumber('bodyTimeoutMs', options.bodyTimeoutMs, 10_000, 600_000),
    heartbeatMs: wholeNumber('heartbeatMs', options.heartbeatMs, 15_000, 600_000),
    eventStreamUrl,
    origins: cors === undefined ? [] : originsOf(cors),
    cache: options.cache === false ? undefined : cacheAges(options.cache),
    report: (error) => callHost('onError of flagsHandler()', () => onError?.call(options, error)),
    clock,
  }
}

function originsOf(cors: unknown): readonly string[] {
  const origins = cors !== null && typeof cors === 'object' && 'origins' in cors ? cors.origins : undefined
  if (Array.isArray(origins) && origins.length > 0 && origins.every(isOrigin)) return [...origins]
  return refuse('cors.origins', "a list of origins such as 'https://app.example', without a path, or ['*']")
}

function cacheAges(input: Partial<CacheAges> = {}): CacheAges {
  if (input === null || typeof input !== 'object') refuse('cache', 'false, or an object with maxAgeS and staleWhileRevalidateS')
  const unknown = Object.keys(input).find((age) => age !== 'maxAgeS' && age !== 'staleWhileRevalidateS')
  if (unknown !== undefined) invalid(`There is no option cache.${unknown}.`)
  return {
    maxAgeS: wholeNumber('cache.maxAgeS', input.maxAgeS, 5, MAX_AGE_S, 0),
    staleWhileRevalidateS: wholeNumber('cache.staleWhileRevalidateS', input.staleWhileRevalidateS, 5, MAX_AGE_S, 0),
  }
}

function isOrigin(origin: unknown): boolean {
  return origin === '*' || (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin)
}

/** Only the spelling that a browser would use is taken, so that every page sees the same address. */
function isPathOrUrl(input: unknown): boolean {
  if (typeof input !== 'string' || !URL.canParse(input, 'http://localhost')) return false
  const { protocol, origin, pathname } = new URL(input, 'http://localhost')
  return input === pathname || (/^https?:$/.test(protocol) && input === `${origin}${pathname}`)
}

function wholeNumber(option: string, value: number | undefined, fallback: number, max: number, min = 1): number {
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
