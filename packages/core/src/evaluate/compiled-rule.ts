import type { Rule } from '../contracts/index.ts'
import type { Engines } from '../validate/engines.ts'
import { isRollout, thresholdOf } from '../validate/rollout.ts'
import type { AttributeReader, AttributeSlots } from './attribute-reader.ts'
import { type CompiledCondition, compileCondition, findingOf, isMet } from './compiled-condition.ts'
import type { TraceRecorder } from './trace-recorder.ts'

/** A rule, ready to be asked. */
export interface CompiledRule {
  /** As a decision names it. */
  readonly label: { readonly index: number; readonly name?: string }
  readonly source: Rule
  readonly when: readonly CompiledCondition[]
  /** Below which bucket those who meet it are in. */
  readonly threshold: number
}

export function compileRule(source: Rule, index: number, engines: Engines, slots: AttributeSlots): CompiledRule {
  const { name, when, rollout = 100 } = source
  return {
    label: Object.freeze({ index, ...(name === undefined ? {} : { name }) }),
    source,
    when: when.map((condition) => compileCondition(condition, engines, 'rule', slots)),
    threshold: isRollout(rollout) ? thresholdOf(rollout) : 0,
  }
}

/** Whether all conditions of the rule are met. A recorder hears of each; without one the first that is not met ends it. */
export function meets({ when }: CompiledRule, reader: AttributeReader, recorder: TraceRecorder | undefined): boolean {
  let met = true
  for (const condition of when) {
    const isMetHere = isMet(condition, reader)
    if (recorder === undefined && !isMetHere) return false
    recorder?.condition(findingOf(condition, reader, isMetHere))
    met &&= isMetHere
  }
  return met
}
