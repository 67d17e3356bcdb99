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
    reason: 'the reason is the same from every layer; the metadata names the layer as `source`',
  },
]
