import { checks } from './checks.ts'
import { closing, opening } from './frame.ts'
import { functions } from './functions.ts'
import { FLAGS } from './logged-table.ts'
import { tables } from './tables.ts'
import { triggers } from './triggers.ts'

/** Tables, checks, functions, triggers. */
export function initial(schema: string, number: number): string {
  const s = `"${schema}"`
  return [opening(schema), checks(s), tables(s), functions(s), triggers(s, FLAGS), closing(schema, number)].join('\n').trim()
}
