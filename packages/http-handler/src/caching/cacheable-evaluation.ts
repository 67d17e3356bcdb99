import type { Evaluation } from '@flagstone/core'

const CACHEABLE_ERRORS: readonly unknown[] = [undefined, 'FLAG_NOT_FOUND', 'TARGETING_KEY_MISSING']

/** Whether the result follows from the flag itself: not `STALE`, and not a default because the flag could not be read. */
export function isCacheable({ reason, errorCode }: Evaluation): boolean {
  return reason !== 'STALE' && CACHEABLE_ERRORS.includes(errorCode)
}
