import type { Condition, Decision, Ramp } from '../contracts/index.ts'
import { valueText } from '../errors/value-text.ts'
import { GATE_SEED, VARIANT_SEED } from './bucket.ts'
import type { CompiledFlag } from './compiled-flag.ts'
import type { EvaluationView } from './evaluation-view.ts'
import type { Stay } from './ramp.ts'
import type { Target } from './target.ts'
import type { ConditionFinding, PrerequisiteFinding, TraceRecorder } from './trace-recorder.ts'

/** The outcome of one prerequisite. */
export interface PrerequisiteTrace {
  readonly flag: string
  /** The variant that is required. */
  readonly variant?: string
  readonly met: boolean
  readonly why: PrerequisiteFinding['why']
  /** Of the required flag, where there is one. */
  readonly decision?: Decision
}

/** The outcome of one condition. */
export interface ConditionTrace extends Condition {
  /** The attribute in at most 200 characters; absent where it is missing. */
  readonly actual?: string
  /** The operator's verdict, before `not`. */
  readonly verdict: boolean | 'unknown'
  readonly met: boolean
  /** Why the verdict is unknown. */
  readonly why?: string
}

/** The outcome of one rule. */
export interface RuleTrace {
  readonly index: number
  readonly name?: string
  /** Whether all of its conditions are met: then it decided. */
  readonly met: boolean
  readonly conditions: readonly ConditionTrace[]
}

/** The bucket that a target falls into. */
export interface HashTrace {
  /** What is hashed. */
  readonly input: string
  /** 32 bits, unsigned. */
  readonly hash: number
  /** In percent, 0 to 99.999. */
  readonly bucket: number
}

/** Why a decision came out as it did. Steps that the evaluation did not reach are empty or absent. */
export interface Trace {
  readonly decision: Decision
  readonly prerequisites: readonly PrerequisiteTrace[]
  /** Up to the rule that decided. */
  readonly rules: readonly RuleTrace[]
  /** Absent where there is nothing to hash. A target is in where its bucket is below `rollout`, in percent. */
  readonly bucketing?: HashTrace & { readonly rollout: number }
  /** Where the flag's ramp decided: the rollout at that moment, and when this target is in; `never` where it never is. */
  readonly ramp?: Ramp & { readonly rollout: number; readonly stay?: Stay | 'never' }
  /** Where a variant was drawn: the part of the buckets, in percent, that draws each one. */
  readonly draw?: HashTrace & { readonly ranges: readonly { readonly name: string; readonly from: number; readonly to: number }[] }
}

/** The decision of `evaluate`, with each step that led to it. */
export function trace(flag: CompiledFlag, target: Target, view: EvaluationView): Trace {
  const prerequisites: PrerequisiteTrace[] = []
  const rules: (RuleTrace & { met: boolean; readonly conditions: ConditionTrace[] })[] = []
  const recorder: TraceRecorder = {
    prerequisite: ({ flag: name, variant }, finding) => {
      prerequisites.push({ flag: name, ...(variant === undefined ? {} : { variant }), ...finding })
    },
    rule: (label) => {
      rules.push({ ...label, met: true, conditions: [] })
    },
    condition: (finding) => {
      const rule = rules.at(-1)
      rule?.conditions.push(conditionTrace(finding))
      if (rule !== undefined) rule.met &&= finding.met
    },
  }
  const decision = flag.evaluate(target, view, { recorder })
  return {
    decision,
    prerequisites,
    rules,
    ...bucketingOf(flag, target, decision),
    ...rampOf(flag, target, decision),
    ...drawOf(flag, target, decision),
  }
}

function conditionTrace(finding: ConditionFinding): ConditionTrace {
  const { source, attribute, verdict, met } = finding
  const actual = attribute === null ? undefined : valueText(attribute)
  const why = verdict === undefined ? whyUnknown(finding, actual) : undefined
  return {
    ...source,
    ...(actual === undefined ? {} : { actual }),
    verdict: verdict ?? 'unknown',
    met,
    ...(why === undefined ? {} : { why }),
  }
}

function whyUnknown({ refused, source }: ConditionFinding, actual: string | undefined): string {
  if (refused !== undefined) return refused
  if (actual === undefined) return 'the attribute is missing'
  if (source.operator === 'inSegment') return 'a segment is missing, or the attribute is neither a string nor a safe integer'
  return `the attribute is of no type that ${source.operator} takes with this value, or too long`
}

function hashOf(flag: CompiledFlag, target: Target, seed: number): HashTrace | undefined {
  const place = flag.hashTarget(target, seed)
  return place === undefined ? undefined : { ...place, bucket: place.bucket / 1000 }
}

function bucketingOf(flag: CompiledFlag, target: Target, { rollout = 0 }: Decision): Pick<Trace, 'bucketing'> {
  const place = hashOf(flag, target, GATE_SEED)
  return place === undefined ? {} : { bucketing: { ...place, rollout } }
}

function rampOf(flag: CompiledFlag, target: Target, { reason, rule, unmet, rollout = 0 }: Decision): Pick<Trace, 'ramp'> {
  const { record, ramp } = flag
  if (record.ramp === undefined || ramp === undefined || reason === 'DISABLED' || rule !== undefined || unmet !== undefined) return {}
  const place = flag.hashTarget(target, GATE_SEED)
  return { ramp: { ...record.ramp, rollout, ...(place === undefined ? {} : { stay: ramp.stayOf(place.bucket) ?? 'never' }) } }
}

function drawOf(flag: CompiledFlag, target: Target, { enabled, rule }: Decision): Pick<Trace, 'draw'> {
  const { record, variants } = flag
  const isGiven = rule !== undefined && record.rules?.[rule.index]?.variant !== undefined
  const place = enabled && !isGiven && variants !== undefined ? hashOf(flag, target, VARIANT_SEED) : undefined
  if (place === undefined || variants === undefined || variants.weightless) return {}
  const ranges = variants.ranges.map(({ name, from, to }) => ({ name, from: from / 1000, to: to / 1000 }))
  return { draw: { ...place, ranges } }
}
