import type { Decision } from '../../../src/adapter.ts'
import { absent, CompiledFlag } from '../../../src/evaluate/compiled-flag.ts'
import { CompiledSegment } from '../../../src/evaluate/compiled-segment.ts'
import type { EvaluationView } from '../../../src/evaluate/evaluation-view.ts'
import type { OperatorLibraries } from '../../../src/validate/operator-libraries.ts'
import { recordOf, segmentRecordOf, target } from '../views.ts'
import { unleashHash } from './bucketing.ts'
import { contextOf } from './context.ts'
import { NO_VARIANT } from './dependencies.ts'
import { flagOf } from './features.ts'
import { segmentsOf } from './segments.ts'
import type { Answer, Case } from './specification.ts'
import type { Payload, UnleashState } from './unleash-state.ts'

/** What Flagstone answers, in the words of Unleash. */
export function answer({ state, toggleName, context, expected }: Case, libraries: OperatorLibraries): Answer {
  const who = target(contextOf(context))
  const view = viewOf(state, libraries)
  const decision = view.flag(toggleName)?.evaluate(who, view) ?? absent(toggleName, who.key)
  return typeof expected === 'boolean' ? decision.enabled : variantAnswer(decision)
}

function variantAnswer({ enabled, variant, value }: Decision): Answer {
  if (variant === undefined) return { name: NO_VARIANT, enabled: false, feature_enabled: enabled }
  return { name: variant, payload: value as Payload, enabled: true, feature_enabled: enabled }
}

/** Features are translated when they are looked up, so that one that cannot be translated affects no other. */
function viewOf(state: UnleashState, libraries: OperatorLibraries): EvaluationView {
  const segments = new Map(segmentsOf(state).map((segment) => [segment.name, new CompiledSegment(segmentRecordOf(segment), libraries)]))
  return {
    now: 0,
    flag(name) {
      const feature = state.features.find((each) => each.name === name)
      if (feature === undefined) return null
      const flag = flagOf(feature, state)
      const weight = (flag.variants ?? []).reduce((sum, variant) => sum + variant.weight, 0)
      return new CompiledFlag(recordOf(flag), unleashHash(weight), libraries)
    },
    segment: (name) => segments.get(name) ?? null,
  }
}
