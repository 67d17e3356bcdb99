import type { Condition } from './rule.ts'

/**
 * A named set of users that rules of many flags refer to by `inSegment`. Whoever is listed is in it; so is whoever meets all of its
 * conditions, where it has some, whatever the attribute is that is asked about. Conditions of a segment do not refer to segments.
 */
export interface SegmentRecord {
  /** As a flag's name; segments and flags do not share names. */
  readonly name: string
  /** The lowest reader that evaluates this record rightly. */
  readonly schema: number
  /** At most 2,000 characters. */
  readonly description?: string
  /** Values of the attribute that a condition asks about, such as targeting keys; at most 10,000, each of 1 to 256 characters. */
  readonly members?: readonly string[]
  /** At most 100. */
  readonly when?: readonly Condition[]
  /** The version of the change that wrote it. */
  readonly version: number
  /** ISO 8601 in UTC. */
  readonly createdAt: string
  readonly updatedAt: string
}

/** What a caller says of a new segment. */
export interface NewSegment {
  readonly name: string
  readonly description?: string
  readonly members?: readonly string[]
  readonly when?: readonly Condition[]
}

/** What an update changes: a value replaces the field whole, `null` removes it. */
export interface SegmentPatch {
  readonly description?: string | null
  readonly members?: readonly string[] | null
  readonly when?: readonly Condition[] | null
}
