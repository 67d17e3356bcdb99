import type { FlagRecord, NewFlag, NewSegment, SegmentRecord } from '../../src/adapter.ts'
import { contentOf } from '../../src/adapter.ts'
import { FlagsError } from '../../src/errors/flags-error.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { CompiledSegment } from '../../src/evaluate/compiled-segment.ts'
import type { EvaluationView } from '../../src/evaluate/evaluation-view.ts'
import { type Target, targetOf } from '../../src/evaluate/target.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import { segmentContentOf } from '../../src/validate/segment-content.ts'

const AT = '2026-01-01T00:00:00.000Z'
const stamps = { version: 1, createdAt: AT, updatedAt: AT }

/** The record of a new flag. */
export function recordOf(flag: NewFlag): FlagRecord {
  return { ...contentOf(flag), ...stamps }
}

export function segmentRecordOf(segment: NewSegment): SegmentRecord {
  return { ...segmentContentOf(segment), ...stamps }
}

export interface Parts {
  readonly flags?: readonly NewFlag[]
  readonly segments?: readonly NewSegment[]
  readonly now?: number
}

/** A view of these flags and segments; every other is known to be absent. */
export function viewOf({ flags = [], segments = [], now = 0 }: Parts, hash: Hash, libraries: OperatorLibraries = {}): EvaluationView {
  const byName = new Map(flags.map((flag) => [flag.name, new CompiledFlag(recordOf(flag), hash, libraries)]))
  const segmentsByName = new Map(segments.map((segment) => [segment.name, new CompiledSegment(segmentRecordOf(segment), libraries)]))
  return { now, flag: (name) => byName.get(name) ?? null, segment: (name) => segmentsByName.get(name) ?? null }
}

/** The target of a legal context; throws otherwise. */
export function target(who: unknown): Target {
  const found = targetOf(who)
  if (found instanceof FlagsError) throw found
  return found
}
