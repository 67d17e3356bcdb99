import type { Change, FlagRecord, Loaded, LoadedRecord, SegmentRecord, StoredRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { titleOf } from '../validate/record-key.ts'
import { segmentNameOf } from '../validate/segment-key.ts'

/** The loaded flags, sorted by name. A record that cannot be used is left out and reported. */
export function flagsIn(loaded: Loaded['flags'], report: (error: FlagsError) => void): readonly FlagRecord[] {
  return recordsIn(loaded, (key) => segmentNameOf(key) === undefined, report) as readonly FlagRecord[]
}

/** As `flagsIn`, for segments. */
export function segmentsIn(loaded: Loaded['flags'], report: (error: FlagsError) => void): readonly SegmentRecord[] {
  return recordsIn(loaded, (key) => segmentNameOf(key) !== undefined, report) as readonly SegmentRecord[]
}

/** `null` where there is none. Throws why a record cannot be used. */
export function usableRecord(loaded: LoadedRecord | undefined): StoredRecord | null {
  if (loaded instanceof FlagsError) throw loaded
  return loaded ?? null
}

/** The record after a create or an update. Throws why it cannot be used. */
export function recordAfter({ flag: key, after }: Change): StoredRecord {
  const record = usableRecord(after)
  if (record === null)
    throw new FlagsError('GENERAL', `The store did not return the record it wrote. ${titleOf(key)} was written all the same.`, {
      flag: key,
    })
  return record
}

function recordsIn(
  loaded: Loaded['flags'],
  isWanted: (key: string) => boolean,
  report: (error: FlagsError) => void,
): readonly StoredRecord[] {
  const records: StoredRecord[] = []
  for (const [key, record] of loaded) {
    if (!isWanted(key)) continue
    if (record instanceof FlagsError) report(record)
    else if (record !== null) records.push(record)
  }
  return records.sort((a, b) => (a.name < b.name ? -1 : 1))
}
