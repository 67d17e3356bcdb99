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
  description: '`ok`: the shared cache holds nothing older. `deferred`: it could not be reached, and will be told as soon as it can.',
}

/** Everything that goes over the wire, by name. What is written and what is stored is made from the schemas that check it. */
export function components(): Readonly<Record<string, JsonSchema>> {
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
    WrittenFlag: object({ flag: ref('FlagRecord'), version: VERSION, propagation: PROPAGATION }),
    WrittenSegment: object({ segment: ref('SegmentRecord'), version: VERSION, propagation: PROPAGATION }),
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
        before: state('`null` before a create.'),
        after: state('`null` after a delete.'),
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
        evaluation: ref('Evaluation'),
        layers: listOf('Finding'),
        floor: VERSION,
        clock: VERSION,
        trace: { type: 'object', description: 'Every step of the evaluation; for people and programs that show it to people.' },
        text: { ...TEXT, description: 'All of it, for a person.' },
      },
      ['trace'],
    ),
    Problem: object(
      {
        type: { const: 'about:blank' },
        title: { ...TEXT, description: 'The status in words.' },
        status: { type: 'integer' },
        detail: { ...TEXT, description: 'What is wrong, and the way out.' },
        code: { ...TEXT, description: 'Which problem it is, to act on.' },
        versions: object({ expected: VERSION, actual: VERSION }),
      },
      ['versions'],
    ),
  }
}

export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

/** An object of these fields, all of which are there but the ones that may be missing. */
function object(fields: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  return { type: 'object', properties: fields, required: Object.keys(fields).filter((field) => !optional.includes(field)) }
}

function listOf(name: string): JsonSchema {
  return { type: 'array', items: ref(name) }
}

/** A record in the log: one of a flag or of a segment, none, or why it cannot be read. */
function state(description: string): JsonSchema {
  return { anyOf: [ref('FlagRecord'), ref('SegmentRecord'), ref('Unreadable'), { type: 'null' }], description }
}

/** What a decision is, and what `evaluate` says beside it; a default has no version, and no key where none was given. */
function evaluation(): JsonSchema {
  const fields = fieldsOf(jsonSchemaOf(decisionSchema))
  const reasons = fields['reason']?.['enum'] as readonly string[]
  const all = {
    ...fields,
    reason: { enum: [...reasons, 'STALE', 'ERROR'] },
    source: { enum: ['memory', 'decision', 'cache', 'store', 'default'], description: 'Which layer answered.' },
    asOf: { ...VERSION, description: "The store's clock when the flag was loaded." },
    errorCode: { ...TEXT, description: 'Why it is a default: `FLAG_NOT_FOUND`, `TARGETING_KEY_MISSING`, `STORE_UNAVAILABLE`, …' },
    errorMessage: TEXT,
    enabled: FLAG,
  }
  const always = ['name', 'enabled', 'reason', 'source']
  return object(
    all,
    Object.keys(all).filter((field) => !always.includes(field)),
  )
}
