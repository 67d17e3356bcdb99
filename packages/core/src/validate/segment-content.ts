import type { NewSegment, SegmentPatch, SegmentRecord } from '../contracts/index.ts'
import { READER_SCHEMA } from './flag-schemas.ts'

/** The first reader that knew segments. */
const SEGMENTS_SINCE = 2

/** The part of a segment's record that a caller can write; the store adds version and times. */
export type SegmentContent = Omit<SegmentRecord, 'version' | 'createdAt' | 'updatedAt'>

export function segmentContentOf(segment: NewSegment): SegmentContent {
  return { schema: SEGMENTS_SINCE, ...segment }
}

/** A record's content after a patch: `null` removes a field, any other value replaces it whole. The patch has been checked. */
export function patchedSegment(record: SegmentRecord, patch: SegmentPatch): SegmentContent {
  const { version: _, createdAt: __, updatedAt: ___, ...content } = record
  const entries = Object.entries({ ...content, ...patch }).filter(([, value]) => value !== null && value !== undefined)
  const after = Object.fromEntries(entries) as unknown as SegmentContent
  return { ...after, schema: record.schema > READER_SCHEMA ? record.schema : SEGMENTS_SINCE }
}
