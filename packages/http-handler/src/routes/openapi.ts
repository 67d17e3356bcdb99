import { documentOf } from '../openapi/openapi-document.ts'
import type { ResolvedOptions } from '../options.ts'
import { jsonText } from '../response/json-response.ts'
import type { Route } from '../routing/route.ts'

/** `GET /openapi.json`: these routes, and itself. For whoever may evaluate. */
export function documentRoute(others: readonly Route[], options: ResolvedOptions): Route {
  let text: string | undefined
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    action: { kind: 'evaluate', operation: 'describe', subject: 'flag' },
    query: [],
    text: {
      id: 'describe',
      summary: 'This document.',
      success: { status: 200, description: 'OpenAPI 3.1.', schema: { type: 'object' } },
      isStoreless: true,
    },
    async answer() {
      text ??= JSON.stringify(documentOf([...others, route], options))
      return jsonText(text)
    },
  }
  return route
}
