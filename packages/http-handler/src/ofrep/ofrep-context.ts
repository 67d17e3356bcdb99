import type { EvaluationContext } from '@flagstone/core'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { readJsonBody } from '../request/json-body.ts'
import { OfrepError } from './ofrep-errors.ts'

/**
 * Reads the context of an OFREP request. It may lack a targeting key: then only flags that need one fail.
 *
 * Throws an `OfrepError`, or what `readJsonBody` throws.
 */
export async function readOfrepContext(request: Request, options: ResolvedOptions): Promise<EvaluationContext> {
  const body = await readJsonBody(request, options)
  const context: unknown = 'context' in body ? body.context : undefined
  if (context === null || typeof context !== 'object' || Array.isArray(context)) {
    throw new OfrepError('INVALID_CONTEXT', 'The body must be { "context": { "targetingKey": …, … } }.')
  }
  if (Object.hasOwn(context, 'targetingKey') && typeof (context as EvaluationContext).targetingKey !== 'string') {
    throw new OfrepError('INVALID_CONTEXT', 'The targetingKey of the context must be a string.')
  }
  return context as EvaluationContext
}
