import type { CompiledFlag } from './compiled-flag.ts'
import type { CompiledSegment } from './compiled-segment.ts'

/** All that an evaluation may depend on beside the flag and the target. `null`: known to be absent; `undefined`: not known. */
export interface EvaluationView {
  /** Milliseconds since 1970. */
  readonly now: number
  flag(name: string): CompiledFlag | null | undefined
  segment(name: string): CompiledSegment | null | undefined
}

/** Of a flag that looks nothing up. */
export const EMPTY_VIEW: EvaluationView = { now: 0, flag: () => undefined, segment: () => undefined }
