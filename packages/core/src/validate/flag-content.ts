import type { FlagPatch, FlagRecord, NewFlag } from '../contracts/index.ts'
import { READER_SCHEMA } from './flag-schemas.ts'

/** The part of a record that a caller can write; the store adds version and times. */
export type FlagContent = Omit<FlagRecord, 'version' | 'createdAt' | 'updatedAt'>

/** A new flag with every default filled in. */
export function contentOf(flag: NewFlag): FlagContent {
  return { schema: lowestReader(flag), enabled: true, rollout: 0, hashVersion: 1, ...flag }
}

/**
 * A record's content after a patch: `null` removes a field, any other value replaces it whole. The patch has been checked. The schema
 * follows what the record then uses; that of a record that a newer build wrote stays.
 */
export function patched(record: FlagRecord, patch: FlagPatch): FlagContent {
  const { version: _, createdAt: __, updatedAt: ___, ...content } = record
  const entries = Object.entries({ ...content, ...patch }).filter(([, value]) => value !== null && value !== undefined)
  const after = Object.fromEntries(entries) as unknown as FlagContent
  return { ...after, schema: record.schema > READER_SCHEMA ? record.schema : lowestReader(after) }
}

/** The lowest reader that evaluates this correctly: 1 knew only rollouts. An empty list counts as none. */
function lowestReader({ requires = [], rules = [], variants = [], ramp, bucketBy }: Omit<NewFlag, 'name'>): number {
  const isPlain = requires.length === 0 && rules.length === 0 && variants.length === 0
  return isPlain && ramp === undefined && bucketBy === undefined ? 1 : 2
}
