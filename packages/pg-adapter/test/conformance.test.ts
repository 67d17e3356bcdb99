import { type StoreFixture, storeCases } from '@flagstone/core/conformance'
import postgres from 'postgres'
import { describe, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { databaseUrl, freshSchema, openClient } from './test-database.ts'

const { sql, schema, flags, segments, clock, changes, uses } = await freshSchema()

/** Writes past triggers and constraints, as a restore or another tool would. */
async function past(statements: string): Promise<void> {
  await sql.begin((tx) => tx.unsafe(`SET LOCAL session_replication_role = replica; ${statements}`))
}

const rewind = (): Promise<void> =>
  past(`
    TRUNCATE ${flags}, ${segments}, ${changes}, ${uses};
    ALTER SEQUENCE "${schema}".feature_flag_versions RESTART;
    UPDATE ${clock} SET version = 0, pruned_to = 0`)

/** Replaces fields of a stored record, past triggers and, if needed, past constraints. */
async function overwrite(key: string, { schema: newer, rules, rollout }: Readonly<Record<string, unknown>>): Promise<void> {
  const segment = key.startsWith('segment:')
  const where = `WHERE name = '${segment ? key.slice('segment:'.length) : key}'`
  if (newer) await past(`UPDATE ${segment ? segments : flags} SET schema = ${Number(newer)} ${where}`)
  if (rules) await past(`UPDATE ${flags} SET rules = '${JSON.stringify(rules)}' ${where}`)
  if (rollout) {
    await past(`
      ALTER TABLE ${flags} DROP CONSTRAINT feature_flags_rollout_0_to_100;
      UPDATE ${flags} SET rollout = '${rollout === 'half' ? 'NaN' : rollout}' ${where};
      ALTER TABLE ${flags} ADD CONSTRAINT feature_flags_rollout_0_to_100 CHECK (rollout BETWEEN 0 AND 100) NOT VALID`)
  }
}

const suites = {
  "a caller's client": () => ({ sql: openClient() }),
  'a client that renames columns and values, reads numbers its own way and prepares nothing': () => ({
    sql: openClient({
      transform: { ...postgres.camel, undefined: null, row: (row: object) => ({ ...row }) },
      prepare: false,
      fetch_types: false,
      types: { bigint: postgres.BigInt, text: { to: 25, from: [25], serialize: (x: string) => x, parse: (x: string) => `«${x}»` } },
    } as object),
  }),
  'a URL': () => ({ sql: undefined }),
}

for (const [name, open] of Object.entries(suites)) {
  describe(`the contract of a store, over ${name}`, () => {
    const cases = storeCases({
      async open(): Promise<StoreFixture> {
        await rewind()
        const ends: (() => Promise<unknown>)[] = []
        const peer = async (): Promise<ReturnType<typeof postgresStore>> => {
          const given = open().sql
          // The server is its own replica, which never lags. `replica.test.ts` tests one that lags.
          const client = given ? { sql: given } : { url: databaseUrl }
          const store = postgresStore({ ...client, schema, replica: client })
          ends.push(() => store.close())
          if (given) ends.push(() => given.end())
          return store
        }
        return {
          store: await peer(),
          peer,
          rewind,
          overwrite,
          async end() {
            for (const end of ends) await end()
          },
        }
      },
    })
    for (const { name, skip, run } of cases) test.skipIf(skip !== undefined)(skip ? `${name} (${skip})` : name, run)
  })
}
