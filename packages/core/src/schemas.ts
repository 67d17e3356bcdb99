/**
 * The schemas by which everything is checked that is written or read back, for whoever describes or checks the same elsewhere: the HTTP
 * handler makes its OpenAPI document from them. They are valibot's; what a check of theirs means beyond its type is in their metadata, in
 * the words of JSON Schema.
 *
 * @module
 */

export { checkName } from './validate/check.ts'
export type { Schema } from './validate/fields.ts'
export { decisionSchema, metaSchema, newFlagSchema, pageSchema, patchSchema, recordSchema } from './validate/flag-schemas.ts'
export { newSegmentSchema, segmentPatchSchema, segmentSchema } from './validate/segment-schemas.ts'
