import type { Rule } from '../contracts/index.ts'
import type { OperatorLibraries } from '../validate/operator-libraries.ts'
import { isRollout, thresholdOf } from '../validate/rollout.ts'
import type { AttributeReader, AttributeSlots } from './attribute-reader.ts'
import { type CompiledCondition, compileCondition, findingOf, isMet } from './compiled-condition.ts'
import type { TraceRecorder } from './trace-recorder.ts'

/** A rule, ready to be evaluated. */
export interface CompiledRule {
  /** As a decision names it. */
  readonly label: { readonly index: number; readonly name?: string }
  readonly source: Rule
  readonly when: readonly CompiledCondition[]
  /** Those who meet the rule are in where their bucket is below it. */
  readonly threshold: number
}

export function compileRule(source: Rule, index: number, libraries: OperatorLibraries, slots: AttributeSlots): CompiledRule {
  const { name, when, rollout = 100 } = source
  return {
    label: Object.freeze({ index, ...(name === undefined ? {} : { name }) }),
    source,
    when: when.map((condition) => compileCondition(condition, libraries, 'rule', slots)),
    threshold: isRollout(rollout) ? thresholdOf(rollout) : 0,
  }
}

/** Whether all conditions of the rule are met. A recorder gets each of them; without one, the first that is not met ends the loop. */
export function meets({ when }: CompiledRule, reader: AttributeReader, recorder: TraceRecorder | undefined): boolean {
  let areAllMet = true
  for (const condition of when) {
    const met = isMet(condition, reader)
    if (recorder === undefined && !met) return false
    recorder?.condition(findingOf(condition, reader, met))
    areAllMet &&= met
  }
  return areAllMet
}
