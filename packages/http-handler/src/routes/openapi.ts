import { openApiDocument } from '../openapi/openapi-document.ts'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { jsonTextResponse } from '../response/json-response.ts'
import type { Route } from '../routing/route.ts'

/** `GET /openapi.json`: describes the other routes and itself. Allowed to everybody who may evaluate. */
export function openApiRoute(others: readonly Route[], options: ResolvedOptions): Route {
  let text: string | undefined
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    action: { kind: 'evaluate', operation: 'describe', subject: 'flag' },
    query: [],
    description: {
      id: 'describe',
      summary: 'This document.',
      success: { status: 200, description: 'OpenAPI 3.1.', schema: { type: 'object' } },
      isStoreless: true,
    },
    async answer() {
      text ??= JSON.stringify(openApiDocument([...others, route], options))
      return jsonTextResponse(text)
    },
  }
  return route
}
