import { type ProblemCode, STATUS } from '../response/problem.ts'
import type { Route } from '../routing/route.ts'
import { ref } from '../schemas/component-schemas.ts'
import { fieldsOf, type JsonSchema } from '../schemas/json-schema.ts'

/** What a body can be refused for. */
const OF_BODIES: readonly ProblemCode[] = ['INVALID_BODY', 'UNSUPPORTED_MEDIA_TYPE', 'BODY_TOO_LARGE', 'BODY_TIMEOUT', 'REQUEST_ABORTED']
const OF_AUTHORIZE: readonly ProblemCode[] = ['UNAUTHENTICATED', 'FORBIDDEN']
/** What may go wrong with whatever is asked of the store. */
const OF_THE_STORE: readonly ProblemCode[] = ['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'SCHEMA_MISSING', 'SCHEMA_OLD', 'CLOSED']
const OF_WRITES: readonly ProblemCode[] = ['REQUEST_ABORTED', 'WRITE_BLOCKED', 'PARSE_ERROR', 'RECORD_TOO_NEW']

/** What problems of a status have beside their document. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'Which credentials.' },
  415: { Accept: 'What is taken.' },
  503: { 'Retry-After': 'Seconds.' },
}
const ENTITY_TAG = { ETag: 'What the answer follows from, for `If-None-Match`. Absent where nobody may keep it.' }

/** One operation of the OpenAPI document. */
export function operationOf(route: Route, schemas: Readonly<Record<string, JsonSchema>>, isPublic: boolean): JsonSchema {
  const { method, action, text } = route
  const { body, success } = text
  const parameters = [...pathParameters(route, schemas), ...queryParameters(route), ...headerParameters(route)]
  const schema = typeof success.schema === 'string' ? ref(success.schema) : success.schema
  return {
    operationId: text.id,
    summary: text.summary,
    tags: [action.kind],
    ...(isPublic ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: ref(body) } } } }),
    responses: {
      [success.status]: {
        description: success.description,
        ...(success.headers === undefined && text.takesIfNoneMatch !== true
          ? {}
          : { headers: headersOf({ ...success.headers, ...(text.takesIfNoneMatch === true ? ENTITY_TAG : {}) }) }),
        content: { [success.type ?? 'application/json']: { schema } },
      },
      ...(text.takesIfNoneMatch === true ? { 304: { description: 'It still holds.', headers: headersOf(ENTITY_TAG) } } : {}),
      ...problemsOf([...(isPublic ? [] : OF_AUTHORIZE), ...codesOf(route), ...(method === 'GET' ? [] : OF_WRITES)]),
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

function headerParameters({ text }: Route): readonly JsonSchema[] {
  const found: JsonSchema[] = []
  if (text.takesIfMatch === true) {
    const description = 'The version that the record must have, in double quotes; any other is refused with 412.'
    found.push({ name: 'If-Match', in: 'header', description, schema: { type: 'string', pattern: '^("\\d{1,16}"|\\*)$' } })
  }
  if (text.takesIfNoneMatch === true) {
    const description = 'Entity tags of answers that the client has; where one still holds, the answer is a 304.'
    found.push({ name: 'If-None-Match', in: 'header', description, schema: { type: 'string' } })
  }
  if (text.takesLastEventId === true) {
    const description = 'The id of the event that was received last: the stream goes on after it.'
    found.push({ name: 'Last-Event-ID', in: 'header', description, schema: { type: 'string' } })
  }
  return found
}

function headersOf(headers: Readonly<Record<string, string>>): JsonSchema {
  return Object.fromEntries(Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]))
}

function codesOf({ path, text }: Route): readonly ProblemCode[] {
  return [
    'INVALID_QUERY',
    ...(path.includes('{name}') ? (['INVALID_NAME'] as const) : []),
    ...(text.takesIfMatch === true ? (['INVALID_HEADER', 'VERSION_CONFLICT'] as const) : []),
    ...(text.body === undefined ? [] : OF_BODIES),
    ...(text.problems ?? []),
    ...(text.isStoreless === true ? [] : OF_THE_STORE),
    'GENERAL',
  ]
}

/** One response for each status, whose `code` is one of those that have it. */
function problemsOf(codes: readonly ProblemCode[]): JsonSchema {
  const byStatus = new Map<number, Set<ProblemCode>>()
  for (const code of codes) byStatus.set(STATUS[code], (byStatus.get(STATUS[code]) ?? new Set()).add(code))
  return Object.fromEntries([...byStatus].map(([status, known]) => [String(status), problemResponse(status, [...known])]))
}

function problemResponse(status: number, codes: readonly ProblemCode[]): JsonSchema {
  const narrowed = { properties: { status: { const: status }, code: { enum: codes } } }
  return {
    description: codes.join(', '),
    ...(HEADERS[status] === undefined ? {} : { headers: headersOf(HEADERS[status]) }),
    content: { 'application/problem+json': { schema: { allOf: [ref('Problem'), narrowed] } } },
  }
}
