import { PROBLEM_STATUS, type ProblemCode } from '../response/problem.ts'
import type { Route } from '../routing/route.ts'
import { schemaRef } from '../schemas/component-schemas.ts'
import { fieldsOf, type JsonSchema } from '../schemas/json-schema.ts'

/** Reasons to refuse a body. */
const BODY_PROBLEMS: readonly ProblemCode[] = [
  'INVALID_BODY',
  'UNSUPPORTED_MEDIA_TYPE',
  'BODY_TOO_LARGE',
  'BODY_TIMEOUT',
  'REQUEST_ABORTED',
]
const AUTHORIZATION_PROBLEMS: readonly ProblemCode[] = ['UNAUTHENTICATED', 'FORBIDDEN']
/** Errors of every call that needs the store. */
const STORE_PROBLEMS: readonly ProblemCode[] = ['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'SCHEMA_MISSING', 'SCHEMA_OLD', 'CLOSED']
const WRITE_PROBLEMS: readonly ProblemCode[] = ['REQUEST_ABORTED', 'WRITE_BLOCKED', 'PARSE_ERROR', 'RECORD_TOO_NEW']

/** Headers of problem responses, by status. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'The credentials to send.' },
  415: { Accept: 'The accepted media type.' },
  503: { 'Retry-After': 'When to retry, in seconds.' },
}
const ENTITY_TAG = { ETag: 'The entity tag, for `If-None-Match`. Absent if the response may not be kept.' }

/** One operation of the OpenAPI document. */
export function openApiOperation(route: Route, schemas: Readonly<Record<string, JsonSchema>>, isPublic: boolean): JsonSchema {
  const { method, action, description } = route
  const { body, success } = description
  const parameters = [...pathParameters(route, schemas), ...queryParameters(route), ...headerParameters(route)]
  const schema = typeof success.schema === 'string' ? schemaRef(success.schema) : success.schema
  return {
    operationId: description.id,
    summary: description.summary,
    tags: [action.kind],
    ...(isPublic ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: schemaRef(body) } } } }),
    responses: {
      [success.status]: {
        description: success.description,
        ...(success.headers === undefined && description.takesIfNoneMatch !== true
          ? {}
          : { headers: headersOf({ ...success.headers, ...(description.takesIfNoneMatch === true ? ENTITY_TAG : {}) }) }),
        content: { [success.type ?? 'application/json']: { schema } },
      },
      ...(description.takesIfNoneMatch === true
        ? { 304: { description: "The client's response is still current.", headers: headersOf(ENTITY_TAG) } }
        : {}),
      ...problemsOf([...(isPublic ? [] : AUTHORIZATION_PROBLEMS), ...codesOf(route), ...(method === 'GET' ? [] : WRITE_PROBLEMS)]),
    },
  }
}

function pathParameters({ path }: Route, schemas: Readonly<Record<string, JsonSchema>>): readonly JsonSchema[] {
  if (!path.includes('{name}')) return []
  return [{ name: 'name', in: 'path', required: true, schema: fieldsOf(schemas['FlagRecord'] ?? {})['name'] }]
}

function queryParameters({ query }: Route): readonly JsonSchema[] {
  return query.map(({ name, description, schema }) => ({ name, in: 'query', description, schema }))
}

function headerParameters({ description }: Route): readonly JsonSchema[] {
  const found: JsonSchema[] = []
  if (description.takesIfMatch === true) {
    const description = 'The version that the record must have, in double quotes; otherwise the request is refused with 412.'
    found.push({ name: 'If-Match', in: 'header', description, schema: { type: 'string', pattern: '^("\\d{1,16}"|\\*)$' } })
  }
  if (description.takesIfNoneMatch === true) {
    const description = 'Entity tags of responses that the client has; if one of them is still current, the response is a 304.'
    found.push({ name: 'If-None-Match', in: 'header', description, schema: { type: 'string' } })
  }
  if (description.takesLastEventId === true) {
    const description = 'The id of the last event that the client received: the stream continues after it.'
    found.push({ name: 'Last-Event-ID', in: 'header', description, schema: { type: 'string' } })
  }
  return found
}

function headersOf(headers: Readonly<Record<string, string>>): JsonSchema {
  return Object.fromEntries(Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]))
}

function codesOf({ path, description }: Route): readonly ProblemCode[] {
  return [
    'INVALID_QUERY',
    ...(path.includes('{name}') ? (['INVALID_NAME'] as const) : []),
    ...(description.takesIfMatch === true ? (['INVALID_HEADER', 'VERSION_CONFLICT'] as const) : []),
    ...(description.body === undefined ? [] : BODY_PROBLEMS),
    ...(description.problems ?? []),
    ...(description.isStoreless === true ? [] : STORE_PROBLEMS),
    'GENERAL',
  ]
}

/** One response for each status, which lists the codes that have it. */
function problemsOf(codes: readonly ProblemCode[]): JsonSchema {
  const byStatus = new Map<number, Set<ProblemCode>>()
  for (const code of codes) byStatus.set(PROBLEM_STATUS[code], (byStatus.get(PROBLEM_STATUS[code]) ?? new Set()).add(code))
  return Object.fromEntries([...byStatus].map(([status, known]) => [String(status), problemResponse(status, [...known])]))
}

function problemResponse(status: number, codes: readonly ProblemCode[]): JsonSchema {
  const narrowed = { properties: { status: { const: status }, code: { enum: codes } } }
  return {
    description: codes.join(', '),
    ...(HEADERS[status] === undefined ? {} : { headers: headersOf(HEADERS[status]) }),
    content: { 'application/problem+json': { schema: { allOf: [schemaRef('Problem'), narrowed] } } },
  }
}
