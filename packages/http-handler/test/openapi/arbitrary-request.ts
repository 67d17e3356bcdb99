import fc from 'fast-check'
import type { Endpoint } from './endpoint.ts'
import type { JsonSchema, OpenApiDocument } from './openapi-types.ts'
import { invalidVariant, schemaArbitrary } from './schema-arbitrary.ts'

export interface ArbitraryRequest {
  readonly endpoint: Endpoint
  readonly path: string
  readonly init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string }
}

/** Hostile names that still match the path. */
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

/** Requests that the document allows, mixed with some that break it in one or more parts. */
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

/** Only characters that a header can carry. */
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
