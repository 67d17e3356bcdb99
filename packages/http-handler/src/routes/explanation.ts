import type { Explanation, LayerFinding } from '@flagstone/core'
import { explanationText } from '@flagstone/core/adapter'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { jsonResponse } from '../response/json-response.ts'
import { safeEvaluation } from '../response/safe-evaluation.ts'
import { USER_ID } from '../routing/query-parameters.ts'
import type { Route } from '../routing/route.ts'

/** `GET /flags/{name}/explain`: why a user gets what they get, as data and as text. It shows rules, so it needs the right to read. */
export function explanationRoutes({ flags }: ResolvedOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/flags/{name}/explain',
      action: { kind: 'read', operation: 'explain', subject: 'flag' },
      query: [USER_ID],
      description: {
        id: 'explainFlag',
        summary: 'Why a user gets what they get: each layer, rule and condition, the hash and the bucket. Reads the store.',
        success: { status: 200, description: 'The explanation.', schema: 'Explanation' },
      },
      async answer({ name, query }) {
        return jsonResponse(withoutCauses(await flags.explain(name, query.text('user_id'))))
      },
    },
  ]
}

/** The text repeats the messages, so it is made again from the safe ones. */
function withoutCauses({ text: _, ...explanation }: Explanation): Explanation {
  const found = { ...explanation, evaluation: safeEvaluation(explanation.evaluation), layers: explanation.layers.map(withoutCause) }
  return { ...found, text: explanationText(found) }
}

function withoutCause(finding: LayerFinding): LayerFinding {
  // A layer that answered with an unusable record has an "as of"; its `why` is about the record and is safe.
  if (finding.state !== 'failed' || finding.asOf !== undefined) return finding
  return { ...finding, why: 'it cannot be reached' }
}
