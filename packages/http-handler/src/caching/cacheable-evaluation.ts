import type { Evaluation } from '@flagstone/core'

const OF_THE_REQUEST: readonly unknown[] = [undefined, 'FLAG_NOT_FOUND', 'TARGETING_KEY_MISSING']

/** Whether it says what the flag says: not `STALE`, and no default because the flag cannot be known. */
export function isSure({ reason, errorCode }: Evaluation): boolean {
  return reason !== 'STALE' && OF_THE_REQUEST.includes(errorCode)
}
