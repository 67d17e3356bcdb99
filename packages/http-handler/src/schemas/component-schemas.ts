import {
  decisionSchema,
  newFlagSchema,
  newSegmentSchema,
  patchSchema,
  recordSchema,
  segmentPatchSchema,
  segmentSchema,
} from '@flagstone/core/schemas'
import { fieldsOf, type JsonSchema, jsonSchemaOf } from './json-schema.ts'

const TEXT: JsonSchema = { type: 'string' }
const FLAG: JsonSchema = { type: 'boolean' }
const VERSION: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const PROPAGATION: JsonSchema = {
  enum: ['ok', 'deferred'],
  description:
    '`ok`: the shared cache holds nothing older. `deferred`: the shared cache could not be reached; it is invalidated as soon as it can be.',
}

/** The component schemas of the OpenAPI document, by name. Records and patches are converted from the schemas that validate them. */
export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    NewFlag: jsonSchemaOf(newFlagSchema),
    FlagPatch: jsonSchemaOf(patchSchema),
    FlagRecord: jsonSchemaOf(recordSchema),
    NewSegment: jsonSchemaOf(newSegmentSchema),
    SegmentPatch: jsonSchemaOf(segmentPatchSchema),
    SegmentRecord: jsonSchemaOf(segmentSchema),
    Evaluation: evaluation(),
    FlagList: object({ flags: listOf('FlagRecord') }),
    SegmentList: object({ segments: listOf('SegmentRecord') }),
    WrittenFlag: object({ flag: schemaRef('FlagRecord'), version: VERSION, propagation: PROPAGATION }),
    WrittenSegment: object({ segment: schemaRef('SegmentRecord'), version: VERSION, propagation: PROPAGATION }),
    Deleted: object({ version: VERSION, propagation: PROPAGATION }),
    Unreadable: object({ errorCode: TEXT, errorMessage: TEXT }),
    Change: object(
      {
        version: VERSION,
        id: TEXT,
        flag: { ...TEXT, description: 'A flag, or `segment:<name>`.' },
        operation: { enum: ['create', 'update', 'delete'] },
        actor: TEXT,
        reason: TEXT,
        before: recordOrNull('`null` before a create.'),
        after: recordOrNull('`null` after a delete.'),
        at: { ...TEXT, format: 'date-time' },
      },
      ['actor', 'reason'],
    ),
    History: object({ changes: listOf('Change') }),
    Finding: object(
      { layer: { enum: ['memory', 'decision', 'cache', 'store'] }, state: TEXT, version: VERSION, asOf: VERSION, why: TEXT },
      ['version', 'asOf', 'why'],
    ),
    Explanation: object(
      {
        evaluation: schemaRef('Evaluation'),
        layers: listOf('Finding'),
        floor: VERSION,
        clock: VERSION,
        trace: { type: 'object', description: 'Every step of the evaluation; for people, and for programs that show it to people.' },
        text: { ...TEXT, description: 'The whole explanation as text, for people.' },
      },
      ['trace'],
    ),
    Problem: object(
      {
        type: { const: 'about:blank' },
        title: { ...TEXT, description: 'The status in words.' },
        status: { type: 'integer' },
        detail: { ...TEXT, description: 'What is wrong, and how to fix it.' },
        code: { ...TEXT, description: 'Tells programs which problem it is.' },
        versions: object({ expected: VERSION, actual: VERSION }),
      },
      ['versions'],
    ),
  }
}

export function schemaRef(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

/** An object with these fields, all required but the optional ones. */
function object(fields: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  return { type: 'object', properties: fields, required: Object.keys(fields).filter((field) => !optional.includes(field)) }
}

function listOf(name: string): JsonSchema {
  return { type: 'array', items: schemaRef(name) }
}

/** A record in the change log: a flag, a segment, `null`, or why it cannot be read. */
function recordOrNull(description: string): JsonSchema {
  return { anyOf: [schemaRef('FlagRecord'), schemaRef('SegmentRecord'), schemaRef('Unreadable'), { type: 'null' }], description }
}

/** A decision, and what `evaluate` adds to it. A default has no version, and no targeting key if the request had none. */
function evaluation(): JsonSchema {
  const fields = fieldsOf(jsonSchemaOf(decisionSchema))
  const reasons = fields['reason']?.['enum'] as readonly string[]
  const all = {
    ...fields,
    reason: { enum: [...reasons, 'STALE', 'ERROR'] },
    source: { enum: ['memory', 'decision', 'cache', 'store', 'default'], description: 'Which layer answered.' },
    asOf: { ...VERSION, description: "The store's clock when the flag was loaded." },
    errorCode: { ...TEXT, description: 'Why the answer is a default: `FLAG_NOT_FOUND`, `TARGETING_KEY_MISSING`, `STORE_UNAVAILABLE`, …' },
    errorMessage: TEXT,
    enabled: FLAG,
  }
  const required = ['name', 'enabled', 'reason', 'source']
  return object(
    all,
    Object.keys(all).filter((field) => !required.includes(field)),
  )
}
