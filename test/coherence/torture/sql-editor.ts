import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import type { SeededRandom } from '../seeded-random.ts'
import { FLAGS } from './worker-messages.ts'

type Edit = (sql: Sql, random: SeededRandom) => Promise<unknown>

class RolledBack extends Error {}

const flag = (random: SeededRandom): string => random.pick(FLAGS)
const rollout = (random: SeededRandom): number => random.between(0, 100)
const insert = (sql: Sql | TransactionSql, name: string, percent: number): Promise<unknown> =>
  sql`INSERT INTO feature_flags (name, rollout) VALUES (${name}, ${percent})
      ON CONFLICT (name) DO UPDATE SET rollout = excluded.rollout`.execute()

/** Edits as people, migrations and other languages make them, each with its relative frequency. */
const EDITS: readonly (readonly [number, Edit])[] = [
  [6, (sql, random) => sql`UPDATE feature_flags SET rollout = ${rollout(random)} WHERE name = ${flag(random)}`],
  [2, (sql, random) => sql`UPDATE feature_flags SET rollout = ${rollout(random)}, enabled = ${random.chance(0.7)}`],
  [1, (sql) => sql`UPDATE feature_flags SET rollout = 1 WHERE name = 'no_such_flag'`],
  [3, (sql, random) => insert(sql, flag(random), rollout(random))],
  [1, (sql, random) => sql`INSERT INTO feature_flags (name, rollout) VALUES (${flag(random)}, 5) ON CONFLICT DO NOTHING`],
  [1, (sql, random) => sql`DELETE FROM feature_flags WHERE name = ${flag(random)}`],
  [
    2,
    async (sql, random) => {
      const name = flag(random)
      await sql`DELETE FROM feature_flags WHERE name = ${name}`
      if (random.chance(0.5)) await sleep(random.between(1, 60))
      await insert(sql, name, rollout(random))
    },
  ],
  [
    2,
    (sql, random) =>
      sql.begin(async (tx) => {
        const name = flag(random)
        await tx`DELETE FROM feature_flags WHERE name = ${name}`
        await insert(tx, name, rollout(random))
        await tx`UPDATE feature_flags SET rollout = ${rollout(random)} WHERE name IN (${name}, ${flag(random)})`
      }),
  ],
  [
    1,
    (sql, random) =>
      sql.begin(async (tx) => {
        await tx`UPDATE feature_flags SET rollout = ${rollout(random)} WHERE name = ${flag(random)}`
        await tx
          .savepoint(async (part) => {
            await part`UPDATE feature_flags SET rollout = ${rollout(random)} WHERE name = ${flag(random)}`
            throw new RolledBack()
          })
          .catch(ignoreRollback)
        await sleep(random.between(0, 20))
      }),
  ],
  [
    1,
    (sql, random) =>
      sql
        .begin(async (tx) => {
          await tx`UPDATE feature_flags SET rollout = ${rollout(random)}`
          throw new RolledBack()
        })
        .catch(ignoreRollback),
  ],
  [
    1,
    async (sql, random) => {
      await sql`TRUNCATE feature_flags`
      if (random.chance(0.5)) await sleep(random.between(1, 100))
      for (const name of FLAGS) if (random.chance(0.8)) await insert(sql, name, rollout(random))
    },
  ],
  [
    1,
    (sql, random) =>
      sql.begin(async (tx) => {
        await tx`TRUNCATE feature_flags`
        for (const name of FLAGS) if (random.chance(0.8)) await insert(tx, name, rollout(random))
      }),
  ],
]
const BAG: readonly Edit[] = EDITS.flatMap(([times, edit]) => Array.from({ length: times }, () => edit))

/** Edits the table of flags by SQL until it is stopped. */
export class SqlEditor {
  readonly #sql: Sql
  readonly #random: SeededRandom
  readonly #onEdited: () => Promise<void>
  #on = true
  #looping: Promise<void> | undefined

  /** The editor waits for `onEdited` after each edit. */
  constructor(sql: Sql, random: SeededRandom, onEdited: () => Promise<void>) {
    this.#sql = sql
    this.#random = random
    this.#onEdited = onEdited
  }

  start(): void {
    this.#looping ??= this.#loop()
    // `stop()` reports the error.
    this.#looping.catch(() => undefined)
  }

  /** Rejects if an edit has failed. */
  async stop(): Promise<void> {
    this.#on = false
    await this.#looping
  }

  async #loop(): Promise<void> {
    while (this.#on) {
      await this.#random.pick(BAG)(this.#sql, this.#random)
      await this.#onEdited()
      await sleep(this.#random.between(20, 250))
    }
  }
}

function ignoreRollback(error: unknown): void {
  if (!(error instanceof RolledBack)) throw error
}
