import { isFlagName, type NewFlag, type Rule } from '../../../src/adapter.ts'
import { EVERYBODY } from './condition-alternatives.ts'
import { requirementOf } from './dependencies.ts'
import { type Draw, type Gate, gateOf } from './strategies.ts'
import type { Feature, UnleashState } from './unleash-state.ts'
import { Untranslatable } from './untranslatable.ts'
import { overridesOf, type Variants, variantOf, variantsOf } from './variants.ts'

const OPEN: Gate = { when: EVERYBODY, rollout: 100 }

/** One feature as one flag. Throws `Untranslatable` where there is no such flag. */
export function flagOf(feature: Feature, state: UnleashState): NewFlag {
  const { name, enabled, strategies = [], dependencies = [] } = feature
  if (!isFlagName(name)) throw new Untranslatable('flag names are ASCII')
  const gates = strategies.length === 0 ? [OPEN] : inOrder(strategies.map((strategy) => gateOf(strategy, state)))
  const variants = variantsOf(feature)
  const { salt, bucketBy } = drawOf(gates, variants) ?? {}
  return {
    name,
    enabled,
    ...(dependencies.length === 0 ? {} : { requires: dependencies.map((dependency) => requirementOf(dependency, state)) }),
    ...decidedBy(gates, variants),
    ...(variants.source.length === 0 ? {} : { variants: variants.source.map(variantOf) }),
    ...(salt === undefined ? {} : { salt }),
    ...(bucketBy === undefined ? {} : { bucketBy }),
  }
}

/**
 * To Unleash one open gate of several is enough; to Flagstone the first that matches decides. The answers are equal where the widest comes
 * first and at most one gate has a partial rollout.
 */
function inOrder(gates: readonly Gate[]): readonly Gate[] {
  if (gates.filter(({ draw }) => draw !== undefined).length > 1) {
    throw new Untranslatable('the first rule that matches decides, also by a rollout that leaves the user out')
  }
  return [...gates].sort((a, b) => b.rollout - a.rollout)
}

/** A last gate without conditions is the rollout of the flag itself. */
function decidedBy(gates: readonly Gate[], { source }: Variants): Pick<NewFlag, 'rules' | 'rollout'> {
  const rules = gates.flatMap((gate) => [...overridesOf(source, gate), ...gate.when.map((when): Rule => ({ when, rollout: gate.rollout }))])
  const last = rules.at(-1)
  if (last === undefined || last.when.length > 0) return { rules, rollout: 0 }
  return { rules: rules.slice(0, -1), rollout: last.rollout ?? 100 }
}

function drawOf(gates: readonly Gate[], variants: Variants): Draw | undefined {
  const gate = gates.find(({ draw }) => draw !== undefined)?.draw
  const variant = variants.draw
  if (gate === undefined || variant === undefined) return gate ?? variant
  if (gate.salt === variant.salt && gate.bucketBy === variant.bucketBy) return gate
  throw new Untranslatable('gate and variant are drawn by one key and one salt')
}
