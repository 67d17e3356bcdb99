import type { Schema } from '@flagstone/core/schemas'
import { toJsonSchema } from '@valibot/to-json-schema'

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 takes it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Actions that are code. Where JSON Schema has an equivalent keyword, the schema's metadata holds it. */
const CODE_CHECKS: ReadonlySet<string> = new Set(['check', 'raw_check', 'raw_transform', 'transform'])

/** Converts a schema to JSON Schema. Throws if JSON Schema has no equivalent for part of it, so that a test fails. */
export function jsonSchemaOf(schema: Schema<unknown>): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'output',
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? {} : undefined),
    overrideAction: ({ valibotAction, jsonSchema }) => (CODE_CHECKS.has(valibotAction.type) ? jsonSchema : undefined),
  })
  return converted as JsonSchema
}

/** The schemas of an object's fields. */
export function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return schema['properties'] as Readonly<Record<string, JsonSchema>>
}
