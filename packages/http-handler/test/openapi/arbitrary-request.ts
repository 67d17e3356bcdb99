import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import fc from 'fast-check'
import type { JsonSchema, OpenApiDocument, Operation } from './openapi-types.ts'
import { invalidVariant, schemaArbitrary } from './schema-arbitrary.ts'

/** One operation of the document. */
export interface Endpoint {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

export function endpointsOf({ paths }: OpenApiDocument): readonly Endpoint[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

export interface ArbitraryRequest {
  readonly endpoint: Endpoint
  readonly path: string
  readonly init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string }
}

/** Names that leave the path what it is; other paths have tests of their own. */
const HOSTILE_NAMES = ['%00', 'a%2Fb', '%zz', '%0d%0aX:%20y', '*', ':name', 'x'.repeat(200), '__proto__', 'segment%3Afirst']
const CONTENT_TYPES = ['text/plain', 'application/json; charset=latin1', '', 'application/problem+json']
const INVALID_BODIES = [
  '',
  '{',
  'null',
  '[]',
  '7',
  '"x"',
  '{"__proto__":1}',
  '\ufeff',
  `{"a":${'['.repeat(150)}${']'.repeat(150)}}`,
  'x'.repeat(120_000),
]

/** Requests as the document has them, and, one in three or so in each part, as it does not. */
export function arbitraryRequest({ components }: OpenApiDocument, endpoint: Endpoint): fc.Arbitrary<ArbitraryRequest> {
  const { operation, method, path } = endpoint
  const { parameters = [], requestBody } = operation
  const of = (schema: JsonSchema): fc.Arbitrary<unknown> => schemaArbitrary(schema, components.schemas)
  const named = (kind: string): readonly (readonly [string, fc.Arbitrary<string>])[] =>
    parameters.filter((parameter) => parameter.in === kind).map(({ name, schema }) => [name, of(schema).map(String)])

  const name = named('path')[0]?.[1].map(encodeURIComponent) ?? fc.constant('')
  const wellFormed = fc.record(Object.fromEntries(named('query')), { requiredKeys: [] }).map(queryString)
  const query = mostly(
    wellFormed,
    fc.oneof(fc.webQueryParameters(), fc.constantFrom('user_id=a&user_id=b', 'limit=-1', 'before=x', '%ff=%', '&&')),
  )
  const headers = fc.record(Object.fromEntries(named('header').map(([name, text]) => [name, text.map(latin)])), { requiredKeys: [] })
  const oddHeaders = fc.record(
    { 'If-Match': fc.constantFrom('7', 'W/"1"', '"x"'), 'Content-Encoding': fc.constantFrom('gzip', 'identity') },
    { requiredKeys: [] },
  )
  const wanted = requestBody === undefined ? fc.constant(undefined) : of(requestBody.content['application/json'].schema)
  const json = wanted.chain((body) => mostly(fc.constant(body), invalidVariant(body))).map((body) => JSON.stringify(body) ?? '')
  return fc
    .record({
      name: mostly(name, fc.constantFrom(...HOSTILE_NAMES)),
      query,
      headers: mostly(headers, oddHeaders),
      body: mostly(json, fc.constantFrom(...INVALID_BODIES)),
      type: mostly(fc.constant('application/json'), fc.constantFrom(...CONTENT_TYPES)),
    })
    .map((parts) => ({
      endpoint,
      path: `${path.replace('{name}', parts.name)}${parts.query === '' ? '' : `?${parts.query}`}`,
      init: {
        method,
        headers: { ...(parts.headers as Record<string, string>), ...(parts.type === '' ? {} : { 'Content-Type': parts.type }) },
        ...(method === 'GET' ? {} : { body: parts.body }),
      },
    }))
}

/** All that a header can carry. */
function latin(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/g, '?')
}

function queryString(given: Readonly<Record<string, string | undefined>>): string {
  return new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]])),
  ).toString()
}

function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: usual, weight: 8 }, { arbitrary: odd, weight: 1 })
}

/** Says what is wrong with a response, by the document. */
export class ResponseValidator {
  readonly #ajv: Ajv2020
  readonly #compiled = new Map<JsonSchema, ValidateFunction>()

  constructor(document: OpenApiDocument) {
    this.#ajv = new Ajv2020({ strict: false, allErrors: true })
    formats.default(this.#ajv)
    this.#ajv.addSchema({ $id: 'document', ...closed(document) })
  }

  async violation({ endpoint }: ArbitraryRequest, response: Response): Promise<string | undefined> {
    const described = endpoint.operation.responses[response.status]
    const body = await bodyOf(response)
    if (described === undefined) return `${response.status} is not described: ${body}`
    const schema = described.content?.[response.headers.get('content-type') ?? '']?.schema
    if (schema === undefined) return `${response.status} ${response.headers.get('content-type')} is not described: ${body}`
    const validate = this.#validator(schema)
    const value: unknown = response.headers.get('content-type') === 'text/event-stream' ? body : JSON.parse(body)
    return validate(value) ? undefined : `${body} ${this.#ajv.errorsText(validate.errors)}`
  }

  #validator(schema: JsonSchema): ValidateFunction {
    const known = this.#compiled.get(schema) ?? this.#ajv.compile(closed(within(schema)) as object)
    this.#compiled.set(schema, known)
    return known
  }
}

/** With references into the document that was added. */
function within(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as JsonSchema
}

/** The document leaves answers open for fields to come; what is answered today must all be described. */
function closed<T>(part: T): T {
  if (part === null || typeof part !== 'object') return part
  if (Array.isArray(part)) return part.map(closed) as T
  const entries = Object.entries(part).map(([key, value]) => [key, closed(value)])
  const isNarrowed = 'properties' in part && 'type' in part && !('additionalProperties' in part)
  return Object.fromEntries(isNarrowed ? [...entries, ['additionalProperties', false]] : entries) as T
}

/** A stream of events has no end: what it begins with. */
async function bodyOf(response: Response): Promise<string> {
  if (response.headers.get('content-type') !== 'text/event-stream') return await response.text()
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return new TextDecoder().decode(value)
}
