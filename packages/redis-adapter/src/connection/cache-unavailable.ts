import { type FlagsError, toFlagsError } from '@flagstone/core/adapter'

/** Turns the error of a failed command into `CACHE_UNAVAILABLE`. */
export function cacheUnavailable(cause: unknown): FlagsError {
  return toFlagsError(cause, 'CACHE_UNAVAILABLE', 'Redis cannot be used')
}
