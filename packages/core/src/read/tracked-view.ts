import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { CompiledSegment } from '../evaluate/compiled-segment.ts'
import type { EvaluationView } from '../evaluate/evaluation-view.ts'
import type { Compiled } from '../layers/compiler.ts'
import { segmentKey } from '../validate/segment-key.ts'

/** A flag or a segment (`null`: known to be absent), and how fresh it is. */
export interface Part {
  readonly flag: Compiled | null
  readonly asOf: number
  /** Whether the answer must be marked `STALE` because of it. Default `false`. */
  readonly stale?: boolean
}

/**
 * What one evaluation looks up. Only the parts that it looks at count: the answer is as of the oldest part, and stale where one of them is. Where one
 * is `missing` there is no answer: what is not known is not off.
 */
export class TrackedView implements EvaluationView {
  readonly now: number
  readonly #find: (key: string) => Part | undefined
  asOf: number
  /** The "as of" of the newest part. */
  newestAsOf: number
  stale: boolean
  /** The key of the first part that was looked up and is not known. */
  missing: string | undefined

  /** `find` answers `undefined` for what is not known. */
  constructor(root: Part, now: number, find: (key: string) => Part | undefined) {
    this.now = now
    this.#find = find
    this.asOf = root.asOf
    this.newestAsOf = root.asOf
    this.stale = root.stale === true
  }

  flag(name: string): CompiledFlag | null | undefined {
    return this.#lookUp(name, CompiledFlag)
  }

  segment(name: string): CompiledSegment | null | undefined {
    return this.#lookUp(segmentKey(name), CompiledSegment)
  }

  #lookUp<T>(key: string, kind: new (...args: never[]) => T): T | null | undefined {
    const part = this.#find(key)
    if (part === undefined) {
      this.missing ??= key
      return undefined
    }
    const { flag, asOf } = part
    if (asOf < this.asOf) this.asOf = asOf
    if (asOf > this.newestAsOf) this.newestAsOf = asOf
    if (part.stale === true) this.stale = true
    return flag instanceof kind ? flag : null
  }
}
