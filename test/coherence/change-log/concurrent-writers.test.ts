import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runConcurrentWriters } from './concurrent-writers.ts'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.end())

describe('20 concurrent writers: in opposite order, rolled back, long open, matching nothing, ON CONFLICT both ways, TRUNCATE', () => {
  test('lose no change for a cursor, log none that was not committed, and never deadlock', async () => {
    const verdict = await runConcurrentWriters(database, { writers: 20, rounds: 33 })
    expect(verdict).toMatchObject({ unlogged: [], phantoms: [], missed: [], deadlocks: 0, refusals: [] })
    expect(verdict.committed).toBeGreaterThan(500)
    console.log(`change log: ${verdict.committed} changes committed, ${verdict.polls} polls, none lost, none phantom, no deadlock`)
  })

  test('do log phantoms if the log is written before the row', async () => {
    const { schema, flags, sql } = database
    await sql.unsafe(`
      DROP TRIGGER flagstone_log ON ${flags};
      CREATE FUNCTION "${schema}".early() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM "${schema}".feature_flag_record(NEW.version, NEW.name, 'create', NULL, to_jsonb(NEW));
        RETURN NEW;
      END $$;
      CREATE TRIGGER flagstone_then_early BEFORE INSERT ON ${flags} FOR EACH ROW EXECUTE FUNCTION "${schema}".early()`)
    const { phantoms } = await runConcurrentWriters(database, { writers: 4, rounds: 11 })
    expect(phantoms).not.toEqual([])
  })
})
