import type { Prerequisite } from '../../../src/adapter.ts'
import type { Dependency, Feature, UnleashState } from './unleash-state.ts'
import { Untranslatable } from './untranslatable.ts'
import { variantsOf } from './variants.ts'

/** Unleash's name for no variant. */
export const NO_VARIANT = 'disabled'

export function requirementOf({ feature: flag, enabled = true, variants = [] }: Dependency, { features }: UnleashState): Prerequisite {
  if (!enabled) throw new Untranslatable('a flag cannot require that another one is off')
  const parent = features.find(({ name }) => name === flag)
  if (parent === undefined || variants.length === 0) return { flag }
  const drawable = drawableOf(parent)
  const wanted = drawable.filter((name) => variants.includes(name))
  if (wanted.length > 1 && wanted.length < drawable.length) throw new Untranslatable('a prerequisite names one variant, or none')
  if (wanted.length > 1 || wanted[0] === NO_VARIANT) return { flag }
  // Where the parent can have none of them, the evaluator must decide that its variant is another one.
  const variant = wanted[0] ?? variants[0]
  return variant === undefined ? { flag } : { flag, variant }
}

/** The variants that the feature can have while it is on. */
function drawableOf(feature: Feature): readonly string[] {
  const names = variantsOf(feature)
    .source.filter(({ weight }) => weight > 0)
    .map(({ name }) => name)
  return names.length === 0 ? [NO_VARIANT] : names
}
