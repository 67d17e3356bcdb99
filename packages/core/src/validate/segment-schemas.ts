import * as v from 'valibot'
import type { NewSegment, SegmentPatch, SegmentRecord } from '../contracts/index.ts'
import { conditions } from './rule-schemas.ts'
import { description, isCleanText, lenient, name, type Schema, schema, strict, timestamp, version } from './schema-fields.ts'

const MAX_MEMBER = 256

// One check for the whole list: there may be 10,000, and a segment is read often.
const members = v.pipe(
  v.array(v.unknown(), 'a list of members'),
  v.maxLength(10_000, 'at most 10,000 members'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const wrong = dataset.value.findIndex((member) => !isMember(member))
    if (wrong === -1) return
    const input = dataset.value[wrong]
    const path = { type: 'array', origin: 'value', input: dataset.value, key: wrong, value: input } as const
    addIssue({ message: 'a string of 1 to 256 characters, well-formed Unicode without NUL', input, path: [path] })
  }),
  v.transform((checked) => checked as readonly string[]),
  v.metadata({ items: { type: 'string', minLength: 1, maxLength: MAX_MEMBER } }),
)

function isMember(member: unknown): member is string {
  return typeof member === 'string' && member.length > 0 && member.length <= MAX_MEMBER && isCleanText(member)
}

export const newSegmentSchema: Schema<NewSegment> = strict({
  name,
  description: v.exactOptional(description),
  members: v.exactOptional(members),
  when: v.exactOptional(conditions(strict, 'segment')),
})

export const segmentPatchSchema: Schema<SegmentPatch> = strict({
  description: v.exactOptional(v.nullable(description)),
  members: v.exactOptional(v.nullable(members)),
  when: v.exactOptional(v.nullable(conditions(strict, 'segment'))),
})

export const segmentSchema: Schema<SegmentRecord> = lenient({
  name,
  schema,
  description: v.exactOptional(description),
  members: v.exactOptional(members),
  when: v.exactOptional(conditions(lenient, 'segment')),
  version,
  createdAt: timestamp,
  updatedAt: timestamp,
})
