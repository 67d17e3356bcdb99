import type { Decision, FlagRecord, Prerequisite } from '../contracts/index.ts'
import type { OperatorLibraries } from '../validate/operator-libraries.ts'
import { thresholdOf } from '../validate/rollout.ts'
import { type AttributePath, attributeAt, attributePath } from './attribute-path.ts'
import { AttributeReader, type AttributeSlots, attributeSlots } from './attribute-reader.ts'
import { BUCKETS, bucketOf, GATE_SEED, type Hash, VARIANT_SEED } from './bucket.ts'
import { refusalsIn } from './compiled-condition.ts'
import { type CompiledRule, compileRule, meets } from './compiled-rule.ts'
import { dependenciesOf } from './dependencies.ts'
import type { EvaluationView, NestedEvaluation } from './evaluation-view.ts'
import { type CompiledRamp, compileRamp } from './ramp.ts'
import { RequiredFlags } from './required-flags.ts'
import type { Target } from './target.ts'
import type { TraceRecorder } from './trace-recorder.ts'
import { type VariantRange, type VariantRanges, variantRanges } from './variant-ranges.ts'

/** Where a target falls, before any threshold. */
export interface HashedTarget {
  /** What is hashed. */
  readonly input: string
  readonly hash: number
  /** 0 to 99,999. */
  readonly bucket: number
}

type Draft = { -readonly [Field in keyof Decision]: Decision[Field] }

const ON_ITS_OWN: NestedEvaluation = {}
const NO_SLOTS = attributeSlots()
const NO_RULES: readonly CompiledRule[] = []
const NO_PREREQUISITES: readonly Prerequisite[] = []

/** A flag ready to be evaluated: compiled once, when it enters memory. Pure: the same input always gets the same answer. */
export class CompiledFlag {
  readonly record: FlagRecord
  /** Whether the targeting key is the only input of the gate: no rules, prerequisites, ramp or other attribute to hash. */
  readonly plain: boolean
  /** Whether `admits` alone may answer: the flag is plain, and its next use need not be noted. Set by `UseTracker`; changes no answer. */
  quick = false
  /** What an evaluation looks up: required flags by name, segments by `segmentKey`. */
  readonly dependencies: readonly string[]
  readonly variants: VariantRanges | undefined
  readonly ramp: CompiledRamp | undefined
  readonly #hash: Hash
  /** What every hash input starts with. */
  readonly #prefix: string
  /** Keys whose bucket is below it are in; 0 where the flag is disabled. */
  readonly #threshold: number
  /** The threshold in whole percents, where the rollout has no fraction: then only `hash % 100` counts. */
  readonly #percent: number | undefined
  readonly #requires: readonly Prerequisite[]
  readonly #rules: readonly CompiledRule[]
  readonly #slots: AttributeSlots
  readonly #bucketBy: AttributePath | undefined

  constructor(record: FlagRecord, hash: Hash, libraries: OperatorLibraries = {}) {
    const { bucketBy, ramp, requires = NO_PREREQUISITES, rules = [], variants = [] } = record
    this.record = record
    this.#hash = hash
    this.#prefix = `${record.salt ?? record.name}:`
    this.#threshold = record.enabled ? thresholdOf(record.rollout) : 0
    this.#percent = this.#threshold % 1000 === 0 ? this.#threshold / 1000 : undefined
    this.plain = rules.length === 0 && requires.length === 0 && ramp === undefined && bucketBy === undefined
    this.dependencies = dependenciesOf(record)
    this.variants = variants.length === 0 ? undefined : variantRanges(variants)
    this.ramp = ramp === undefined ? undefined : compileRamp(ramp)
    this.#requires = requires
    this.#slots = rules.length === 0 ? NO_SLOTS : attributeSlots()
    this.#rules = rules.length === 0 ? NO_RULES : rules.map((rule, index) => compileRule(rule, index, libraries, this.#slots))
    this.#bucketBy = bucketBy === undefined ? undefined : attributePath(bucketBy)
  }

  /** Whether a targeting key, which must not be empty, gets the flag. Only for a plain flag. */
  admits(key: string): boolean {
    const threshold = this.#threshold
    if (threshold === 0) return false
    if (threshold === BUCKETS) return true
    const hash = this.#hash(this.#prefix + key, GATE_SEED)
    return this.#percent === undefined ? bucketOf(hash) < threshold : hash % 100 < this.#percent
  }

  /** The decision of any flag. `within` is for prerequisites and for `trace`. Throws only what `view` throws. */
  evaluate(target: Target, view: EvaluationView, within: NestedEvaluation = ON_ITS_OWN): Decision {
    const { chain, recorder } = within
    const draft = this.#draft(target)
    if (!this.record.enabled) return draft
    if (this.#requires.length > 0) {
      const requiredFlags = chain ?? new RequiredFlags(this.record.name)
      const unmet = requiredFlags.firstUnmet(this.#requires, target, view, recorder)
      if (unmet !== undefined) {
        draft.reason = 'DEFAULT'
        draft.unmet = unmet
        return draft
      }
    }
    const rule = this.#rules.length === 0 ? undefined : this.#firstMet(new AttributeReader(target, view, this.#slots), recorder)
    if (rule !== undefined) {
      draft.reason = 'TARGETING_MATCH'
      draft.rule = rule.label
      return this.#roll(draft, rule.threshold, rule.source.variant, target)
    }
    const threshold = this.ramp === undefined ? this.#threshold : this.ramp.thresholdAt(view.now)
    const isPartial = threshold > 0 && threshold < BUCKETS
    draft.reason = isPartial ? 'SPLIT' : this.#rules.length > 0 ? 'DEFAULT' : 'STATIC'
    return this.#roll(draft, threshold, undefined, target)
  }

  /** Where the target falls, or `undefined` where there is nothing to hash. */
  hashTarget(target: Target, seed: number): HashedTarget | undefined {
    const key = this.#keyOf(target)
    if (key === undefined) return undefined
    const input = this.#prefix + key
    const hash = this.#hash(input, seed)
    return { input, hash, bucket: bucketOf(hash) }
  }

  /** Conditions that can never be met: the path of each, and why. */
  get refusals(): readonly string[] {
    return this.#rules.flatMap(({ when }, index) => refusalsIn(when, `rules.${index}.when`))
  }

  #firstMet(reader: AttributeReader, recorder: TraceRecorder | undefined): CompiledRule | undefined {
    for (const rule of this.#rules) {
      recorder?.rule(rule.label)
      if (meets(rule, reader, recorder)) return rule
    }
    return undefined
  }

  #keyOf(target: Target): string | undefined {
    return this.#bucketBy === undefined ? target.key : bucketingKey(this.#bucketBy, target)
  }

  #draft({ key }: Target): Draft {
    const { name, version, rollout } = this.record
    const draft: Draft = { name, enabled: false, reason: 'DISABLED', version, rollout }
    if (key !== undefined) draft.targetingKey = key
    return draft
  }

  /** Lets in a target below the threshold, and gives it this variant, or one that is drawn. */
  #roll(draft: Draft, threshold: number, variant: string | undefined, target: Target): Decision {
    const key = this.#keyOf(target)
    draft.rollout = threshold / 1000
    if (threshold <= 0 || threshold >= BUCKETS) {
      draft.enabled = threshold >= BUCKETS
    } else if (key === undefined) {
      draft.reason = 'ERROR'
      draft.errorCode = 'TARGETING_KEY_MISSING'
      draft.errorMessage = `Flag ${draft.name} is rolled out to ${draft.rollout} %, which takes ${this.#missingInput()}.`
    } else {
      const bucket = bucketOf(this.#hash(this.#prefix + key, GATE_SEED))
      draft.enabled = bucket < threshold
      draft.bucket = bucket / 1000
    }
    if (draft.enabled && (this.variants !== undefined || variant !== undefined)) this.#draw(draft, variant, key)
    return draft
  }

  /** Where the variant cannot be determined, the gate stays as it is, without variant and value; `errorCode` says why. */
  #draw(draft: Draft, named: string | undefined, key: string | undefined): void {
    const { variants } = this
    const found = named === undefined ? this.#drawn(key) : variants?.named(named)
    if (found !== undefined) {
      draft.variant = found.name
      draft.value = found.value
    } else if (named !== undefined) {
      draft.errorCode = 'PARSE_ERROR'
      draft.errorMessage = `Flag ${draft.name} has no variant ${named}, which one of its rules gives.`
    } else if (variants?.weightless === false) {
      draft.errorCode = 'TARGETING_KEY_MISSING'
      draft.errorMessage = `A variant of flag ${draft.name} is drawn, which takes ${this.#missingInput()}.`
    }
  }

  #drawn(key: string | undefined): VariantRange | undefined {
    const { variants } = this
    if (variants === undefined || variants.weightless) return undefined
    // Where one variant has all the weight, no key is needed.
    if (variants.only !== undefined || key === undefined) return variants.only
    return variants.at(bucketOf(this.#hash(this.#prefix + key, VARIANT_SEED)))
  }

  /** What a hash needs, and how to pass it. */
  #missingInput(): string {
    const { bucketBy } = this.record
    if (bucketBy === undefined) return 'a targeting key: pass a user id'
    return `the attribute ${bucketBy}: pass it in the context, as a string or a safe integer`
  }
}

/** The attribute as it is hashed; `undefined` where it is neither a string that is not empty nor a safe integer. */
function bucketingKey(path: AttributePath, target: Target): string | undefined {
  try {
    const value = attributeAt(path, target)
    if (typeof value === 'string') return value === '' ? undefined : value
    return Number.isSafeInteger(value) ? String(value) : undefined
  } catch {
    // A getter of the caller's threw.
    return undefined
  }
}

/** The decision of a flag that does not exist. */
export function absent(name: string, key: string | undefined): Decision {
  const errorMessage = `Flag ${name} does not exist.`
  const targetingKey = key === undefined ? {} : { targetingKey: key }
  return { name, ...targetingKey, enabled: false, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND', errorMessage }
}
