import type { Condition } from './rule.ts'

/**
 * A named group of users that rules of many flags refer to by `inSegment`. A user is in it who is listed, or who meets all of its conditions
 * where it has some, whichever attribute `inSegment` names. Conditions of a segment do not refer to segments.
 */
export interface SegmentRecord {
  /** As a flag's name; segments and flags do not share names. */
  readonly name: string
  /** The lowest reader that evaluates this record correctly. */
  readonly schema: number
  /** At most 2,000 characters. */
  readonly description?: string
  /** Values of the attribute that `inSegment` names, such as targeting keys; at most 10,000, each of 1 to 256 characters. */
  readonly members?: readonly string[]
  /** At most 100. */
  readonly when?: readonly Condition[]
  /** The version of the change that wrote it. */
  readonly version: number
  /** ISO 8601 in UTC. */
  readonly createdAt: string
  readonly updatedAt: string
}

/** A new segment as a caller gives it. */
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
