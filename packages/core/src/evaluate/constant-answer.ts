import type { FlagRecord } from '../contracts/index.ts'
import { thresholdOf } from '../validate/rollout.ts'
import { timestampMs } from '../validate/timestamp.ts'
import { BUCKETS } from './bucket.ts'
import { compileRamp } from './ramp.ts'
import { type VariantRanges, variantRanges } from './variant-ranges.ts'

/** The one answer that a flag gives to everybody. */
export interface ConstantAnswer {
  /** Equal for equal answers: off, or on with the same variant and value. */
  readonly answer: string
  /** When its ramp ended, in milliseconds since 1970; -Infinity where it has none. */
  readonly from: number
}

const OFF = 'off'

/**
 * The answer that a record, left as it is, gives to everybody from `now` on (milliseconds since 1970), for every key and attribute, whatever
 * happens to segments and to the flags that it requires. `undefined` where the answer may differ.
 */
export function constantAnswerAt(record: FlagRecord, now: number): ConstantAnswer | undefined {
  const { enabled, requires = [], rules = [], variants = [] } = record
  if (!enabled) return { answer: OFF, from: Number.NEGATIVE_INFINITY }
  const ranges = variants.length === 0 ? undefined : variantRanges(variants)
  const base = baseAt(record, now)
  const answers = new Set<string | undefined>(requires.length === 0 ? [] : [OFF])
  for (const { rollout = 100, variant } of rules) answers.add(answerOf(thresholdOf(rollout), ranges, variant))
  answers.add(base && answerOf(base.threshold, ranges))
  const [answer] = answers
  return base === undefined || answer === undefined || answers.size > 1 ? undefined : { answer, from: base.from }
}

/** The threshold where no rule matched; `undefined` where the ramp will still change it. */
function baseAt({ rollout, ramp }: FlagRecord, now: number): { readonly threshold: number; readonly from: number } | undefined {
  const compiled = ramp && compileRamp(ramp)
  if (ramp === undefined || compiled === undefined) return { threshold: thresholdOf(rollout), from: Number.NEGATIVE_INFINITY }
  const from = timestampMs(ramp.to.at) as number
  return now < from ? undefined : { threshold: compiled.thresholdAt(now), from }
}

/** `undefined` where it depends on the target. */
function answerOf(threshold: number, variants: VariantRanges | undefined, named?: string): string | undefined {
  if (threshold === 0) return OFF
  if (threshold !== BUCKETS) return undefined
  const variant = named === undefined ? variants?.only : variants?.named(named)
  if (variant !== undefined) return `on ${JSON.stringify([variant.name, variant.value])}`
  return named === undefined && variants?.weightless === false ? undefined : 'on'
}
