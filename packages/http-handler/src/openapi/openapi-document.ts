import type { ResolvedOptions } from '../options/handler-options.ts'
import type { Route } from '../routing/route.ts'
import { componentSchemas } from '../schemas/component-schemas.ts'
import type { JsonSchema } from '../schemas/json-schema.ts'
import { openApiOperation } from './openapi-operation.ts'

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[], { basePath, isEvaluationPublic }: ResolvedOptions): JsonSchema {
  const schemas = componentSchemas()
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const route of routes) {
    const isPublic = isEvaluationPublic && route.action.kind === 'evaluate'
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = openApiOperation(route, schemas, isPublic)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flagstone',
      // The version of this API, not of the package. It rises when a request that was valid becomes invalid.
      version: '1',
      description: 'Feature flags. Every problem is an RFC 9457 document, with a `code` for programs.',
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    security: [{ authorize: [] }],
    tags: [
      { name: 'evaluate', description: 'What a user gets.' },
      { name: 'read', description: 'Flags and segments as they are stored.' },
      { name: 'write', description: 'Changing flags and segments.' },
    ],
    paths,
    components: {
      schemas,
      securitySchemes: {
        authorize: {
          type: 'http',
          scheme: 'bearer',
          description: "The host's `authorize` decides which credentials count; `bearerToken()` takes this header.",
        },
      },
    },
  }
}
