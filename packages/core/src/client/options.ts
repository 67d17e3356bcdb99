import type { Clock, FlagCache, FlagStore } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { FlagsListener } from '../history/client-events.ts'
import { systemClock } from '../layers/system-clock.ts'
import type { Ttl } from '../layers/ttl.ts'
import { defineFlags, type FlagSchema } from '../validate/define-flags.ts'

export interface FlagsOptions<S extends FlagSchema = FlagSchema> {
  /** The source of truth. */
  readonly store: FlagStore
  /** The cache that all processes share. Without one, memory is filled from the store. */
  readonly cache?: FlagCache
  /** The flags that code uses, made by `defineFlags`. */
  readonly schema?: S
  /** How many flags this process keeps in memory, 1 to 1,000,000, default 10,000; `false` for none. */
  readonly memory?: false | { readonly maxFlags?: number }
  readonly ttl?: Partial<Ttl>
  /** How long a read waits for a layer before it goes on without it, in milliseconds, each from 1 to 60,000. */
  readonly timeoutMs?: {
    /** Default 100. */
    readonly cache?: number
    /** Default 1,000. */
    readonly store?: number
  }
  /** `false` for serverless: no timers and no subscriptions; calls themselves keep memory up to date. Default `true`. */
  readonly background?: boolean
  /**
   * Whether this process notes which flags are used, about once a minute, for `admin.staleFlags()`. `false` where the store's role may only read,
   * or where uses by this process must not count. Default `true`.
   */
  readonly trackUses?: boolean
  /** Called with errors that no caller gets; with the same one at most every 10 s, but with `STORE_REWOUND` each time. May be `async`. */
  onError?(error: FlagsError): unknown
  /** Where time comes from; for tests. */
  readonly clock?: Clock
}

/** Every option with its default filled in. */
export interface ResolvedOptions {
  readonly store: FlagStore
  readonly cache: FlagCache | undefined
  readonly schema: FlagSchema
  readonly maxFlags: number
  readonly ttl: Ttl
  readonly cacheTimeoutMs: number
  readonly storeTimeoutMs: number
  readonly background: boolean
  readonly trackUses: boolean
  readonly onError: FlagsListener<'error'> | undefined
  readonly clock: Clock
}

const DAY_MS = 86_400_000
const KNOWN: ReadonlySet<string> = new Set([
  'store',
  'cache',
  'schema',
  'memory',
  'ttl',
  'timeoutMs',
  'background',
  'trackUses',
  'onError',
  'clock',
])

/** Throws `INVALID_OPTIONS`, naming the option. */
export function resolveOptions(options: FlagsOptions): ResolvedOptions {
  object('options', options, KNOWN)
  const { store, cache, schema, memory, ttl, timeoutMs, background, trackUses, onError, clock } = options
  if (typeof store?.load !== 'function') refuse('store', 'a FlagStore, such as postgresStore({ sql }) or memoryStore()')
  if (cache !== undefined && typeof cache?.read !== 'function') refuse('cache', 'a FlagCache, such as redisCache({ client })')
  if (onError !== undefined && typeof onError !== 'function') refuse('onError', 'a function')
  if (background !== undefined && typeof background !== 'boolean') refuse('background', 'true or false')
  if (trackUses !== undefined && typeof trackUses !== 'boolean') refuse('trackUses', 'true or false')
  if (clock !== undefined && typeof clock?.monotonic !== 'function') refuse('clock', 'a Clock')
  if (memory !== undefined && memory !== false) object('memory', memory, new Set(['maxFlags']))
  if (ttl !== undefined) object('ttl', ttl, new Set(['flagMs', 'endpointMs', 'checkMs']))
  if (timeoutMs !== undefined) object('timeoutMs', timeoutMs, new Set(['cache', 'store']))
  if (schema !== undefined) object('schema', schema)
  return {
    store,
    cache,
    schema: defineFlags(schema ?? {}),
    maxFlags: memory === false ? 0 : whole('memory.maxFlags', memory?.maxFlags, 10_000, 1, 1_000_000),
    ttl: {
      flagMs: whole('ttl.flagMs', ttl?.flagMs, 300_000, 0, DAY_MS),
      endpointMs: whole('ttl.endpointMs', ttl?.endpointMs, 60_000, 0, DAY_MS),
      checkMs: whole('ttl.checkMs', ttl?.checkMs, 30_000, 0, DAY_MS),
    },
    cacheTimeoutMs: whole('timeoutMs.cache', timeoutMs?.cache, 100, 1, 60_000),
    storeTimeoutMs: whole('timeoutMs.store', timeoutMs?.store, 1_000, 1, 60_000),
    background: background ?? true,
    trackUses: trackUses ?? true,
    onError: onError === undefined ? undefined : (error) => onError.call(options, error),
    clock: clock ?? systemClock,
  }
}

function object(option: string, value: unknown, known?: ReadonlySet<string>): void {
  if (value === null || typeof value !== 'object') {
    if (option === 'options') throw new FlagsError('INVALID_OPTIONS', 'createFlags() takes options: an object with a store at least.')
    refuse(option, 'an object')
  }
  const unknown = known && Object.keys(value as object).find((key) => !known.has(key))
  if (unknown !== undefined)
    throw new FlagsError('INVALID_OPTIONS', `There is no option ${option === 'options' ? '' : `${option}.`}${unknown}.`)
}

function whole(option: string, value: number | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || value < min || value > max) {
    refuse(option, `a whole number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`)
  }
  return value
}

function refuse(option: string, expected: string): never {
  throw new FlagsError('INVALID_OPTIONS', `The option ${option} must be ${expected}.`)
}
