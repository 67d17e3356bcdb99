import type { FlagRecord } from '../contracts/index.ts'
import { thresholdOf } from '../validate/rollout.ts'
import { timestampMs } from '../validate/timestamp.ts'
import { BUCKETS } from './bucket.ts'
import { compileRamp } from './ramp.ts'
import { type VariantRanges, variantRanges } from './variant-ranges.ts'

/** What a flag answers everybody alike. */
export interface ConstantAnswer {
  /** The same for the same answer: off, or on with the same variant and value. */
  readonly answer: string
  /** When its ramp was over, in milliseconds since 1970; -Infinity where it has none. */
  readonly from: number
}

const OFF = 'off'

/**
 * Whether a record, left as it is, answers everybody alike from `now` on (milliseconds since 1970), whoever asks, with whatever attributes, and
 * whatever becomes of segments and of the flags that it requires. `undefined` where it does not.
 */
export function constantAnswerAt(record: FlagRecord, now: number): ConstantAnswer | undefined {
  const { enabled, requires = [], rules = [], variants = [] } = record
  if (!enabled) return { answer: OFF, from: Number.NEGATIVE_INFINITY }
  const line = variants.length === 0 ? undefined : variantRanges(variants)
  const base = baseAt(record, now)
  const answers = new Set<string | undefined>(requires.length === 0 ? [] : [OFF])
  for (const { rollout = 100, variant } of rules) answers.add(answerOf(thresholdOf(rollout), line, variant))
  answers.add(base && answerOf(base.threshold, line))
  const [answer] = answers
  return base === undefined || answer === undefined || answers.size > 1 ? undefined : { answer, from: base.from }
}

/** The threshold for whoever no rule matched; `undefined` where the ramp is still to change it. */
function baseAt({ rollout, ramp }: FlagRecord, now: number): { readonly threshold: number; readonly from: number } | undefined {
  const line = ramp && compileRamp(ramp)
  if (ramp === undefined || line === undefined) return { threshold: thresholdOf(rollout), from: Number.NEGATIVE_INFINITY }
  const from = timestampMs(ramp.to.at) as number
  return now < from ? undefined : { threshold: line.thresholdAt(now), from }
}

/** `undefined` where it depends on who asks. */
function answerOf(threshold: number, variants: VariantRanges | undefined, named?: string): string | undefined {
  if (threshold === 0) return OFF
  if (threshold !== BUCKETS) return undefined
  const variant = named === undefined ? variants?.only : variants?.named(named)
  if (variant !== undefined) return `on ${JSON.stringify([variant.name, variant.value])}`
  return named === undefined && variants?.weightless === false ? undefined : 'on'
}
