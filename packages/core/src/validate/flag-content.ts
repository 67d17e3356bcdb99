import type { FlagPatch, FlagRecord, NewFlag } from '../contracts/index.ts'
import { READER_SCHEMA } from './schemas.ts'

/** The part of a record that a caller can write; the store adds version and times. */
export type FlagContent = Omit<FlagRecord, 'version' | 'createdAt' | 'updatedAt'>

/** A new flag with every default filled in. */
export function contentOf(flag: NewFlag): FlagContent {
  return { schema: READER_SCHEMA, enabled: true, rollout: 0, hashVersion: 1, ...flag }
}

/** A record's content after a patch: `null` removes a field, any other value replaces it whole. The patch has been checked. */
export function patched(record: FlagRecord, patch: FlagPatch): FlagContent {
  const { version: _, createdAt: __, updatedAt: ___, ...content } = record
  const entries = Object.entries({ ...content, ...patch }).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(entries) as unknown as FlagContent
}
