import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Endpoint } from './endpoint.ts'
import type { JsonSchema, OpenApiDocument } from './openapi-types.ts'

/** Validates responses against the OpenAPI document. */
export class ResponseValidator {
  readonly #ajv: Ajv2020
  readonly #compiled = new Map<JsonSchema, ValidateFunction>()

  constructor(document: OpenApiDocument) {
    this.#ajv = new Ajv2020({ strict: false, allErrors: true })
    formats.default(this.#ajv)
    this.#ajv.addSchema({ $id: 'document', ...closed(document) })
  }

  /** Resolves with what the response violates; `undefined` if it is valid. */
  async violation(endpoint: Endpoint, response: Response): Promise<string | undefined> {
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

/** The schema with its references made absolute. */
function within(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as JsonSchema
}

/** The schema without extra fields: the document allows future ones, but the fields of today must all be described. */
function closed<T>(part: T): T {
  if (part === null || typeof part !== 'object') return part
  if (Array.isArray(part)) return part.map(closed) as T
  const entries = Object.entries(part).map(([key, value]) => [key, closed(value)])
  const isNarrowed = 'properties' in part && 'type' in part && !('additionalProperties' in part)
  return Object.fromEntries(isNarrowed ? [...entries, ['additionalProperties', false]] : entries) as T
}

/** The body; of an event stream, which has no end, only the first chunk. */
async function bodyOf(response: Response): Promise<string> {
  if (response.headers.get('content-type') !== 'text/event-stream') return await response.text()
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return new TextDecoder().decode(value)
}
