import type { Condition, Rule, Variant } from '../../../src/adapter.ts'
import { allOf } from './condition-alternatives.ts'
import { constrained } from './constraints.ts'
import { bucketByOf, type Draw, type Gate } from './strategies.ts'
import type { Feature, UnleashVariant } from './unleash-state.ts'
import { Untranslatable } from './untranslatable.ts'

/** The variants of a feature, and what they are drawn by. */
export interface Variants {
  readonly source: readonly UnleashVariant[]
  /** Only where more than one can be drawn. */
  readonly draw?: Draw
}

/** A strategy's own variants replace the feature's. */
export function variantsOf({ name, strategies = [], variants = [] }: Feature): Variants {
  const own = strategies.find((strategy) => (strategy.variants ?? []).length > 0)
  if (own === undefined) return drawn(variants, name, undefined)
  if (strategies.length > 1) throw new Untranslatable('all rules of a flag share its variants')
  return drawn(own.variants ?? [], own.parameters?.['groupId'] ?? name, own.parameters?.['stickiness'])
}

function drawn(source: readonly UnleashVariant[], salt: string, inherited: string | undefined): Variants {
  const isDrawn = source.filter(({ weight }) => weight > 0).length > 1
  return isDrawn ? { source, draw: { salt, bucketBy: bucketByOf(source[0]?.stickiness ?? inherited) } } : { source }
}

export function variantOf({ name, weight, payload }: UnleashVariant): Variant {
  return { name, weight, value: payload }
}

/** Rules that go before a gate's: they give users the variant of an override, as far as the gate lets them in. */
export function overridesOf(variants: readonly UnleashVariant[], { when, rollout }: Gate): readonly Rule[] {
  return variants.flatMap(({ name, overrides = [] }) =>
    overrides.flatMap(({ contextName, values }) =>
      allOf([when, constrained([{ contextName, operator: 'IN', values }])]).map(
        (conditions: readonly Condition[]): Rule => ({ when: conditions, rollout, variant: name }),
      ),
    ),
  )
}
