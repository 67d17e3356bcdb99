import type { ResolvedOptions } from '../options.ts'
import type { Route } from '../routing/route.ts'
import { components } from '../schemas/component-schemas.ts'
import type { JsonSchema } from '../schemas/json-schema.ts'
import { operationOf } from './openapi-operation.ts'

/** The OpenAPI 3.1 document of these routes. */
export function documentOf(routes: readonly Route[], { basePath, isEvaluationPublic }: ResolvedOptions): JsonSchema {
  const schemas = components()
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const route of routes) {
    const isPublic = isEvaluationPublic && route.action.kind === 'evaluate'
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = operationOf(route, schemas, isPublic)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flagstone',
      // Of this API, not of the package: raised when a request that was right before is so no more.
      version: '1',
      description: 'Feature flags. Every problem is an RFC 9457 document whose `code` says which one it is.',
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    security: [{ authorize: [] }],
    tags: [
      { name: 'evaluate', description: 'What somebody gets.' },
      { name: 'read', description: 'How flags and segments are made.' },
      { name: 'write', description: 'Changing them.' },
    ],
    paths,
    components: {
      schemas,
      securitySchemes: {
        authorize: {
          type: 'http',
          scheme: 'bearer',
          description: 'Whatever the host looks at in its `authorize`; `bearerToken()` looks at this.',
        },
      },
    },
  }
}
