import { isFlagName } from './flag-name.ts'
import { segmentNameOf } from './segment-key.ts'

/** Whether a store can keep something under this key: a flag's name, or `segment:` and a name like a flag's. */
export function isRecordKey(key: unknown): key is string {
  return typeof key === 'string' && isFlagName(segmentNameOf(key) ?? key)
}

/** How a message names what has this key: `Flag a`, `Segment beta`. */
export function titleOf(key: string): string {
  const segment = segmentNameOf(key)
  return segment === undefined ? `Flag ${key}` : `Segment ${segment}`
}
