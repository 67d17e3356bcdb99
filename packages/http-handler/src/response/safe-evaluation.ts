import type { Evaluation } from '@flagstone/core'
import { tellable } from './safe-error-message.ts'

/** An evaluation without what its error's message may give away. */
export function shown(evaluation: Evaluation): Evaluation {
  const { errorCode, errorMessage } = evaluation
  if (errorCode === undefined || errorMessage === undefined) return evaluation
  return { ...evaluation, errorMessage: tellable(errorCode, errorMessage) }
}
