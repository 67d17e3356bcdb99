import type { Evaluation } from '@flagstone/core'
import { safeErrorMessage } from './safe-error-message.ts'

/** The evaluation, with a safe message in place of its error's own. */
export function safeEvaluation(evaluation: Evaluation): Evaluation {
  const { errorCode, errorMessage } = evaluation
  if (errorCode === undefined || errorMessage === undefined) return evaluation
  return { ...evaluation, errorMessage: safeErrorMessage(errorCode, errorMessage) }
}
