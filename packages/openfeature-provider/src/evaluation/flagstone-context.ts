import type { EvaluationContext, Who } from '@flagstone/core'
import type { EvaluationContext as OpenFeatureContext } from '@openfeature/server-sdk'

/**
 * Converts OpenFeature's context to Flagstone's. It is passed on unchanged, because attributes of any depth and `Date`s mean the same to both.
 * Only a targeting key that is a whole number becomes a string, and `null` is removed. Never throws.
 */
export function flagstoneContext(context: OpenFeatureContext): Who {
  try {
    const key: unknown = context.targetingKey
    if (typeof key === 'number' && Number.isSafeInteger(key)) return { ...context, targetingKey: String(key) }
    if (key !== null) return context
    const { targetingKey: _, ...attributes } = context
    return attributes
  } catch {
    // A getter or proxy of the caller threw. Flagstone meets the same error and reports it as INVALID_CONTEXT.
    return context as EvaluationContext
  }
}
