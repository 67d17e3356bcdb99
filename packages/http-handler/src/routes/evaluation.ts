import type { Evaluation } from '@flagstone/core'
import { json } from '../answers.ts'
import { tellable } from '../disclosure.ts'
import { MIN_VERSION, USER_ID } from '../openapi/parameters.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Route } from '../route.ts'

/** `GET /flags/{name}`: what `flags.evaluate` answers. A flag that does not exist is an answer, not a 404: it is off. */
export function evaluationRoutes({ flags }: ResolvedOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/flags/{name}',
      action: { kind: 'evaluate', operation: 'evaluate', subject: 'flag' },
      query: [USER_ID, MIN_VERSION],
      text: {
        id: 'evaluateFlag',
        summary: 'Whether a user gets the flag, and why. A flag that does not exist is off, with FLAG_NOT_FOUND.',
        success: { status: 200, description: 'The evaluation.', schema: 'Evaluation' },
        problems: ['VERSION_NOT_REACHED'],
      },
      async answer({ name, query }) {
        const minVersion = query.whole('min_version')
        const evaluation = await flags.evaluate(name, query.text('user_id'), minVersion === undefined ? {} : { minVersion })
        return json(shown(evaluation))
      },
    },
  ]
}

/** An evaluation without what its error's message may give away. */
export function shown(evaluation: Evaluation): Evaluation {
  const { errorCode, errorMessage } = evaluation
  if (errorCode === undefined || errorMessage === undefined) return evaluation
  return { ...evaluation, errorMessage: tellable(errorCode, errorMessage) }
}
