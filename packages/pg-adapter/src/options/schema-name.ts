import { invalidOptions } from './invalid-options.ts'

const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,47}$/

/** The name of the schema, or the default. `caller` is named in the error. Throws `INVALID_OPTIONS`. */
export function resolveSchemaName(caller: string, value: unknown): string {
  if (value === undefined) return 'public'
  if (typeof value === 'string' && SCHEMA_NAME.test(value)) return value
  throw invalidOptions(`${caller}: schema must match [a-z_][a-z0-9_]{0,47}, received ${JSON.stringify(value)}.`)
}
