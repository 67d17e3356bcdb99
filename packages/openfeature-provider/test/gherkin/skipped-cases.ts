/** A scenario that Flagstone cannot pass, and why. */
export interface LeftOut {
  readonly feature: string
  readonly name: string
  readonly reason: string
}

export const LEFT_OUT: readonly LeftOut[] = [
  {
    feature: 'evaluation_v2',
    name: 'CACHED reason',
    reason: 'the reason says why, and is the same from every layer; which one answered is `source` in the metadata',
  },
]
