import fc from 'fast-check'
import type { JsonSchema } from './openapi-types.ts'

const MAX_ITEMS = 3
/** Few names, so that requests hit the same flags. */
const NAMES = ['first', 'second', 'a.b-c_9']
const MOMENTS = ['2026-01-01T00:00:00Z', '2026-06-01T12:00:00.000+02:00', '2027-01-01T00:00:00.000Z']

/** Values that a schema of the document accepts. */
export function schemaArbitrary(schema: JsonSchema, components: Readonly<Record<string, JsonSchema>>): fc.Arbitrary<unknown> {
  const of = (part: JsonSchema): fc.Arbitrary<unknown> => schemaArbitrary(part, components)
  if (schema.$ref !== undefined) return of(components[schema.$ref.split('/').at(-1) ?? ''] ?? {})
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(of))
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, of(field)] as const)
      return fc.record<Record<string, unknown>>(Object.fromEntries(fields), { requiredKeys: [...(schema.required ?? [])] })
    }
    case 'array':
      return fc.array(of(schema.items ?? {}), { maxLength: Math.min(MAX_ITEMS, schema.maxItems ?? MAX_ITEMS) })
    case 'string':
      return textOf(schema)
    case 'integer':
      return fc.oneof(fc.nat(20), fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? Number.MAX_SAFE_INTEGER }))
    case 'number':
      return fc
        .integer({ min: (schema.minimum ?? 0) * 1000, max: (schema.maximum ?? 1000) * 1000 })
        .map((thousandths) => thousandths / 1000)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function textOf({ pattern, format, minLength = 0, maxLength = 20 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constantFrom(...MOMENTS)
  if (pattern?.includes('A-Za-z0-9'))
    return fc.oneof({ arbitrary: fc.constantFrom(...NAMES), weight: 4 }, fc.stringMatching(new RegExp(pattern)))
  const size = { minLength, maxLength: Math.min(maxLength, 20) }
  const text = fc.string({ ...size, unit: 'grapheme' })
  return pattern === undefined ? text : fc.oneof(fc.stringMatching(new RegExp(pattern)), text)
}

/** The value with a part of it, or all, replaced by something else, or with an extra member. */
export function invalidVariant(value: unknown): fc.Arbitrary<unknown> {
  const rubbish = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('\0', '\ud800', 'x'.repeat(3_000), -1, 1e300, 0.0001, '__proto__'),
  )
  return fc.tuple(fc.nat(), fc.string({ maxLength: 12 }), rubbish).map(([at, name, other]) => replaced(value, at, name, other))
}

function replaced(value: unknown, at: number, name: string, other: unknown): unknown {
  if (value === null || typeof value !== 'object') return other
  const keys = Object.keys(value)
  const choice = at % (keys.length + 2)
  if (choice === 0) return other
  if (choice === 1) return Array.isArray(value) ? [...value, other] : { ...value, [name]: other }
  const key = String(keys[choice - 2])
  const part = replaced(Reflect.get(value, key), Math.floor(at / (keys.length + 2)), name, other)
  return Array.isArray(value) ? value.map((item, index) => (String(index) === key ? part : item)) : { ...value, [key]: part }
}
