/** A scenario that Flagstone cannot pass, and why. */
export interface SkippedCase {
  readonly feature: string
  readonly name: string
  readonly reason: string
}

export const SKIPPED_CASES: readonly SkippedCase[] = [
  {
    feature: 'evaluation_v2',
    name: 'CACHED reason',
    reason: 'the reason says why, and is the same from every layer; which one answered is `source` in the metadata',
  },
]
