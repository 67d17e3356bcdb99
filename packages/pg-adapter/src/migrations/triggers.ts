// Ordinary triggers, not ALWAYS: those would also fire for what logical replication applies, and stop it.

/** Every way of writing `feature_flags` fires the same functions. */
export function triggers(s: string): string {
  const on = `ON ${s}.feature_flags`
  const call = (name: string): string => `EXECUTE FUNCTION ${s}.feature_flag_${name}()`
  return `
CREATE OR REPLACE TRIGGER flagstone_before BEFORE INSERT OR UPDATE OR DELETE ${on} FOR EACH STATEMENT ${call('before')};
CREATE OR REPLACE TRIGGER flagstone_stamp BEFORE INSERT OR UPDATE ${on} FOR EACH ROW ${call('stamp')};
CREATE OR REPLACE TRIGGER flagstone_log AFTER INSERT OR UPDATE OR DELETE ${on} FOR EACH ROW ${call('log')};
CREATE OR REPLACE TRIGGER flagstone_truncate BEFORE TRUNCATE ${on} FOR EACH STATEMENT ${call('truncate')};
CREATE OR REPLACE TRIGGER flagstone_advance AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ${on} FOR EACH STATEMENT ${call('advance')};`
}
