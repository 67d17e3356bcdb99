import { beginMigration, recordMigration } from './bookkeeping.ts'
import { checkFunctions } from './check-functions.ts'
import { FLAGS } from './logged-table.ts'
import { tables } from './tables.ts'
import { triggerFunctions } from './trigger-functions.ts'
import { triggers } from './triggers.ts'

/** The tables for flags, changes and clock, with their checks, functions and triggers. */
export function initial(schema: string, number: number): string {
  const s = `"${schema}"`
  return [beginMigration(schema), checkFunctions(s), tables(s), triggerFunctions(s), triggers(s, FLAGS), recordMigration(schema, number)]
    .join('\n')
    .trim()
}
