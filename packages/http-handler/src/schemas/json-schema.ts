import type { Schema } from '@flagstone/core/schemas'
import { toJsonSchema } from '@valibot/to-json-schema'

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 takes it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Checks in code: where JSON Schema can say the same, the schema's metadata beside them does. */
const IN_CODE: ReadonlySet<string> = new Set(['check', 'raw_check', 'raw_transform', 'transform'])

/** What the schema takes, as JSON Schema. Throws where the schema holds a kind that JSON Schema has no word for, so that a test sees it. */
export function jsonSchemaOf(schema: Schema<unknown>): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'output',
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? {} : undefined),
    overrideAction: ({ valibotAction, jsonSchema }) => (IN_CODE.has(valibotAction.type) ? jsonSchema : undefined),
  })
  return converted as JsonSchema
}

/** The schemas of an object's fields. */
export function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return schema['properties'] as Readonly<Record<string, JsonSchema>>
}
