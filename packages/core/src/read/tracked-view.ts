import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { CompiledSegment } from '../evaluate/compiled-segment.ts'
import type { EvaluationView } from '../evaluate/evaluation-view.ts'
import type { Compiled } from '../layers/compiler.ts'
import { segmentKey } from '../validate/segment-key.ts'

/** A flag or a segment (`null`: known to be absent), and what is known of it. */
export interface Part {
  readonly flag: Compiled | null
  readonly asOf: number
  /** Whether the store could not vouch for it of late. Default `false`. */
  readonly stale?: boolean
}

/**
 * What one evaluation looks up beside its flag. Only what it looks at counts: the answer is as of the oldest part, stale where one of them
 * is, and none where one is `missing`: that something is off is an answer, that it cannot be known is not.
 */
export class TrackedView implements EvaluationView {
  readonly now: number
  readonly #find: (key: string) => Part | undefined
  asOf: number
  /** The "as of" of the newest part. */
  newest: number
  stale: boolean
  /** The key of the first part that is not known. */
  missing: string | undefined

  /** `find` answers `undefined` for what is not known. */
  constructor(root: Part, now: number, find: (key: string) => Part | undefined) {
    this.now = now
    this.#find = find
    this.asOf = root.asOf
    this.newest = root.asOf
    this.stale = root.stale === true
  }

  flag(name: string): CompiledFlag | null | undefined {
    return this.#look(name, CompiledFlag)
  }

  segment(name: string): CompiledSegment | null | undefined {
    return this.#look(segmentKey(name), CompiledSegment)
  }

  #look<T>(key: string, kind: new (...args: never[]) => T): T | null | undefined {
    const part = this.#find(key)
    if (part === undefined) {
      this.missing ??= key
      return undefined
    }
    const { flag, asOf } = part
    if (asOf < this.asOf) this.asOf = asOf
    if (asOf > this.newest) this.newest = asOf
    if (part.stale === true) this.stale = true
    return flag instanceof kind ? flag : null
  }
}
