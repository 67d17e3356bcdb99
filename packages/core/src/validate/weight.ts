const MAX_WEIGHT = 1_000_000

/** A weight is legal from 0 to 1,000,000 with at most three decimals. */
export function isWeight(weight: number): boolean {
  return weight >= 0 && weight <= MAX_WEIGHT && thousandthsOf(weight) / 1_000 === weight
}

/** A weight in thousandths, a whole number. */
export function thousandthsOf(weight: number): number {
  return Math.round(weight * 1_000)
}
