/**
 * The valibot schemas that check everything that is written or read back. The HTTP handler makes its OpenAPI document from them. What a check
 * means beyond its type is in its metadata, in the words of JSON Schema.
 *
 * @module
 */

export { checkName } from './validate/check-input.ts'
export { decisionSchema, metaSchema, newFlagSchema, pageSchema, patchSchema, recordSchema } from './validate/flag-schemas.ts'
export type { Schema } from './validate/schema-fields.ts'
export { newSegmentSchema, segmentPatchSchema, segmentSchema } from './validate/segment-schemas.ts'
