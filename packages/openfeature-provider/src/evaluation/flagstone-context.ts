import type { EvaluationContext, Who } from '@flagstone/core'
import type { EvaluationContext as Asked } from '@openfeature/server-sdk'

/**
 * Whom Flagstone is asked for. OpenFeature's context is passed on as it is: attributes of any depth and `Date`s mean the same to both. Only a
 * targeting key that is a whole number becomes its digits, and `null` counts as none. Never throws.
 */
export function whoOf(context: Asked): Who {
  try {
    const key: unknown = context.targetingKey
    if (typeof key === 'number' && Number.isSafeInteger(key)) return { ...context, targetingKey: String(key) }
    if (key !== null) return context
    const { targetingKey: _, ...attributes } = context
    return attributes
  } catch {
    // A getter or a proxy of the caller's threw: Flagstone finds the same, and says so.
    return context as EvaluationContext
  }
}
