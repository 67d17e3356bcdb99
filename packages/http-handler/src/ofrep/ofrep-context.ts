import type { EvaluationContext } from '@flagstone/core'
import type { ResolvedOptions } from '../options.ts'
import { readObject } from '../request/json-body.ts'
import { OfrepRefusal } from './ofrep-errors.ts'

/**
 * The context of an OFREP request. Without a targeting key it is answered as far as that goes: a flag that needs one says so.
 *
 * Throws an `OfrepRefusal`, or what `readObject` throws.
 */
export async function contextOf(request: Request, options: ResolvedOptions): Promise<EvaluationContext> {
  const body = await readObject(request, options)
  const context: unknown = 'context' in body ? body.context : undefined
  if (context === null || typeof context !== 'object' || Array.isArray(context)) {
    throw new OfrepRefusal('INVALID_CONTEXT', 'The body must be { "context": { "targetingKey": …, … } }.')
  }
  if (Object.hasOwn(context, 'targetingKey') && typeof (context as EvaluationContext).targetingKey !== 'string') {
    throw new OfrepRefusal('INVALID_CONTEXT', 'The targetingKey of the context must be a string.')
  }
  return context as EvaluationContext
}
