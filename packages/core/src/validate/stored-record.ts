import type { StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { parseRecord } from './check-flag.ts'
import { parseSegment } from './check-segment.ts'
import { titleOf } from './record-key.ts'
import { segmentNameOf } from './segment-key.ts'

/** `parseRecord` or `parseSegment`, depending on the key. Never throws. */
export function parseStored(key: string, input: unknown): StoredRecord | FlagsError {
  const segment = segmentNameOf(key)
  return segment === undefined ? parseRecord(key, input) : parseSegment(segment, input)
}

/** The record that a write is about to store. Throws `INVALID_FLAG` where no reader could read it. */
export function legalRecord(key: string, record: StoredRecord): StoredRecord {
  const parsed = parseStored(key, record)
  if (!(parsed instanceof FlagsError)) return parsed
  const message = `${titleOf(key)} would be left invalid by this write. ${parsed.message}`
  throw new FlagsError('INVALID_FLAG', message, { flag: key, cause: parsed })
}
