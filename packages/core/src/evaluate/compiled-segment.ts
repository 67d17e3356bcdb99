import type { SegmentRecord } from '../contracts/index.ts'
import type { OperatorLibraries } from '../validate/operator-libraries.ts'
import { AttributeReader, type AttributeSlots, attributeSlots } from './attribute-reader.ts'
import { type CompiledCondition, compileCondition, isMet, refusalsIn } from './compiled-condition.ts'
import type { EvaluationView, Verdict } from './evaluation-view.ts'
import { MAX_ELEMENTS } from './operators/operator.ts'
import type { Target } from './target.ts'

/** A segment ready to be evaluated: compiled once, when it enters memory. A look-up costs the same whatever its size. */
export class CompiledSegment {
  readonly record: SegmentRecord
  /** `false`, as a segment has no gate. */
  readonly plain = false
  readonly quick = false
  readonly #members: ReadonlySet<unknown>
  readonly #when: readonly CompiledCondition[]
  readonly #slots: AttributeSlots = attributeSlots()

  constructor(record: SegmentRecord, libraries: OperatorLibraries = {}) {
    this.record = record
    this.#members = new Set(record.members)
    this.#when = (record.when ?? []).map((condition) => compileCondition(condition, libraries, 'segment', this.#slots))
  }

  /** As `CompiledFlag.refusals`. */
  get refusals(): readonly string[] {
    return refusalsIn(this.#when, 'when')
  }

  /**
   * Whether the attribute's value is listed (for a list: one of its elements), or the target meets all conditions, where there are some.
   * `undefined` where neither holds and the attribute is neither a string nor a safe integer nor a list.
   */
  has(attribute: unknown, target: Target, view: EvaluationView): Verdict {
    const isListed = this.#lists(attribute)
    return isListed === true || this.#meetsConditions(target, view) || isListed
  }

  #lists(attribute: unknown): Verdict {
    if (!Array.isArray(attribute)) return this.#listsOne(attribute)
    if (attribute.length > MAX_ELEMENTS) return undefined
    for (let index = 0; index < attribute.length; index++) if (this.#listsOne(attribute[index]) === true) return true
    return false
  }

  #listsOne(value: unknown): Verdict {
    if (typeof value === 'string') return this.#members.has(value)
    return Number.isSafeInteger(value) ? this.#members.has(String(value)) : undefined
  }

  #meetsConditions(target: Target, view: EvaluationView): boolean {
    if (this.#when.length === 0) return false
    const reader = new AttributeReader(target, view, this.#slots)
    for (const condition of this.#when) if (!isMet(condition, reader)) return false
    return true
  }
}
