import type { Explanation, LayerFinding } from '@flagstone/core'
import { explanationText } from '@flagstone/core/adapter'
import type { ResolvedOptions } from '../options.ts'
import { json } from '../response/json-response.ts'
import { shown } from '../response/safe-evaluation.ts'
import { USER_ID } from '../routing/query-parameters.ts'
import type { Route } from '../routing/route.ts'

/** `GET /flags/{name}/explain`: why somebody gets what they get, as data and as text. It shows rules, so it is for those who may read. */
export function explanationRoutes({ flags }: ResolvedOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/flags/{name}/explain',
      action: { kind: 'read', operation: 'explain', subject: 'flag' },
      query: [USER_ID],
      text: {
        id: 'explainFlag',
        summary: 'Why a user gets what they get: each layer, rule and condition, the hash and the bucket. Asks the store.',
        success: { status: 200, description: 'The explanation.', schema: 'Explanation' },
      },
      async answer({ name, query }) {
        return json(withoutCauses(await flags.explain(name, query.text('user_id'))))
      },
    },
  ]
}

/** The text is made anew, as it holds the same messages. */
function withoutCauses({ text: _, ...explanation }: Explanation): Explanation {
  const found = { ...explanation, evaluation: shown(explanation.evaluation), layers: explanation.layers.map(withoutCause) }
  return { ...found, text: explanationText(found) }
}

function withoutCause(finding: LayerFinding): LayerFinding {
  // A layer that answered, with what cannot be used, has an "as of": then `why` is about the record.
  if (finding.state !== 'failed' || finding.asOf !== undefined) return finding
  return { ...finding, why: 'it cannot be reached' }
}
