import type { Ramp } from '../contracts/index.ts'
import { isRollout, thresholdOf } from '../validate/rollout.ts'
import { isoTimestamp, timestampMs } from '../validate/timestamp.ts'

/** When a user of one bucket is in: from `since` on, or up to but not including `until`, or always where neither is given. */
export interface Stay {
  /** ISO 8601 in UTC. */
  readonly since?: string
  readonly until?: string
}

/** A ramp, ready to be evaluated. */
export interface CompiledRamp {
  /** When it becomes constant, in milliseconds since 1970. */
  readonly end: number
  /** Users whose bucket is below it are in at `now`, in milliseconds since 1970. */
  thresholdAt(now: number): number
  /** When a user of this bucket is in; `undefined` where never. */
  stayOf(bucket: number): Stay | undefined
}

/** `undefined` where the ramp is invalid: its moments are unreadable or not in order, or a rollout is not legal. */
export function compileRamp({ from, to }: Ramp): CompiledRamp | undefined {
  const start = timestampMs(from.at)
  const end = timestampMs(to.at)
  if (start === undefined || end === undefined || start >= end) return undefined
  if (!isRollout(from.rollout) || !isRollout(to.rollout)) return undefined
  const [first, last] = [thresholdOf(from.rollout), thresholdOf(to.rollout)]
  const [rise, duration] = [last - first, end - start]

  const thresholdAt = (now: number): number => {
    if (now >= end) return last
    return now > start ? first + floorOf(rise, now - start, duration) : first
  }

  const stayOf = (bucket: number): Stay | undefined => {
    const [inFirst, inLast] = [bucket < first, bucket < last]
    if (inFirst === inLast) return inFirst ? {} : undefined
    // The user is in while the threshold is at least bucket + 1. A rising ramp reaches that, a falling one leaves it a millisecond later.
    const distance = bucket + 1 - first
    if (inLast) return { since: isoTimestamp(start + ceilOf(distance, duration, rise)) }
    return { until: isoTimestamp(start + floorOf(distance, duration, rise) + 1) }
  }

  return { end, thresholdAt, stayOf }
}

/** `floor(a * b / c)` for whole numbers, exact also where the product exceeds what a double can hold. */
function floorOf(a: number, b: number, c: number): number {
  const product = a * b
  if (Number.isSafeInteger(product)) return Math.floor(product / c)
  const [numerator, divisor] = c < 0 ? [-BigInt(a) * BigInt(b), -BigInt(c)] : [BigInt(a) * BigInt(b), BigInt(c)]
  const quotient = numerator / divisor
  return Number(numerator < 0n && quotient * divisor !== numerator ? quotient - 1n : quotient)
}

function ceilOf(a: number, b: number, c: number): number {
  return -floorOf(-a, b, c)
}
