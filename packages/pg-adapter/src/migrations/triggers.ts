import type { LoggedTable } from './logged-table.ts'

// Not ENABLE ALWAYS: such triggers would also fire for rows that logical replication applies, and make it fail.

/** The triggers of a table. Every way of writing it calls the same functions. */
export function triggers(s: string, { name: table, prefix }: LoggedTable): string {
  const on = `ON ${s}.${table}`
  const call = (name: string): string => `EXECUTE FUNCTION ${s}.${name}()`
  return `
CREATE OR REPLACE TRIGGER flagstone_before BEFORE INSERT OR UPDATE OR DELETE ${on} FOR EACH STATEMENT ${call('feature_flag_before')};
CREATE OR REPLACE TRIGGER flagstone_stamp BEFORE INSERT OR UPDATE ${on} FOR EACH ROW ${call('feature_flag_stamp')};
CREATE OR REPLACE TRIGGER flagstone_log AFTER INSERT OR UPDATE OR DELETE ${on} FOR EACH ROW ${call(`${prefix}_log`)};
CREATE OR REPLACE TRIGGER flagstone_truncate BEFORE TRUNCATE ${on} FOR EACH STATEMENT ${call(`${prefix}_truncate`)};
CREATE OR REPLACE TRIGGER flagstone_advance AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ${on} FOR EACH STATEMENT ${call('feature_flag_advance')};`
}
