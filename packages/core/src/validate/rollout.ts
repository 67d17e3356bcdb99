/** Below which bucket a user is in, 0 to 100,000. It rounds because 2.007 * 1000 is not 2007 in floating point. */
export function thresholdOf(rollout: number): number {
  return Math.round(rollout * 1000)
}

/** A rollout is legal from 0 to 100 with at most three decimals. */
export function isRollout(rollout: number): boolean {
  return rollout >= 0 && rollout <= 100 && thresholdOf(rollout) / 1000 === rollout
}
