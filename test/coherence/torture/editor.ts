import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import type { Dice } from './dice.ts'
import { FLAGS } from './protocol.ts'

type Edit = (sql: Sql, dice: Dice) => Promise<unknown>

class RolledBack extends Error {}

const flag = (dice: Dice): string => dice.pick(FLAGS)
const rollout = (dice: Dice): number => dice.between(0, 100)
const insert = (sql: Sql | TransactionSql, name: string, percent: number): Promise<unknown> =>
  sql`INSERT INTO feature_flags (name, rollout) VALUES (${name}, ${percent})
      ON CONFLICT (name) DO UPDATE SET rollout = excluded.rollout`.execute()

/** What people, migrations and other languages do to the table, each with how often. */
const EDITS: readonly (readonly [number, Edit])[] = [
  [6, (sql, dice) => sql`UPDATE feature_flags SET rollout = ${rollout(dice)} WHERE name = ${flag(dice)}`],
  [2, (sql, dice) => sql`UPDATE feature_flags SET rollout = ${rollout(dice)}, enabled = ${dice.chance(0.7)}`],
  [1, (sql) => sql`UPDATE feature_flags SET rollout = 1 WHERE name = 'no_such_flag'`],
  [3, (sql, dice) => insert(sql, flag(dice), rollout(dice))],
  [1, (sql, dice) => sql`INSERT INTO feature_flags (name, rollout) VALUES (${flag(dice)}, 5) ON CONFLICT DO NOTHING`],
  [1, (sql, dice) => sql`DELETE FROM feature_flags WHERE name = ${flag(dice)}`],
  [
    2,
    async (sql, dice) => {
      const name = flag(dice)
      await sql`DELETE FROM feature_flags WHERE name = ${name}`
      if (dice.chance(0.5)) await sleep(dice.between(1, 60))
      await insert(sql, name, rollout(dice))
    },
  ],
  [
    2,
    (sql, dice) =>
      sql.begin(async (tx) => {
        const name = flag(dice)
        await tx`DELETE FROM feature_flags WHERE name = ${name}`
        await insert(tx, name, rollout(dice))
        await tx`UPDATE feature_flags SET rollout = ${rollout(dice)} WHERE name IN (${name}, ${flag(dice)})`
      }),
  ],
  [
    1,
    (sql, dice) =>
      sql.begin(async (tx) => {
        await tx`UPDATE feature_flags SET rollout = ${rollout(dice)} WHERE name = ${flag(dice)}`
        await tx
          .savepoint(async (part) => {
            await part`UPDATE feature_flags SET rollout = ${rollout(dice)} WHERE name = ${flag(dice)}`
            throw new RolledBack()
          })
          .catch(ignoreRollback)
        await sleep(dice.between(0, 20))
      }),
  ],
  [
    1,
    (sql, dice) =>
      sql
        .begin(async (tx) => {
          await tx`UPDATE feature_flags SET rollout = ${rollout(dice)}`
          throw new RolledBack()
        })
        .catch(ignoreRollback),
  ],
  [
    1,
    async (sql, dice) => {
      await sql`TRUNCATE feature_flags`
      if (dice.chance(0.5)) await sleep(dice.between(1, 100))
      for (const name of FLAGS) if (dice.chance(0.8)) await insert(sql, name, rollout(dice))
    },
  ],
  [
    1,
    (sql, dice) =>
      sql.begin(async (tx) => {
        await tx`TRUNCATE feature_flags`
        for (const name of FLAGS) if (dice.chance(0.8)) await insert(tx, name, rollout(dice))
      }),
  ],
]
const BAG: readonly Edit[] = EDITS.flatMap(([times, edit]) => Array.from({ length: times }, () => edit))

/** Edits the table by SQL until it is stopped. */
export class Editor {
  readonly #sql: Sql
  readonly #dice: Dice
  readonly #onEdited: () => Promise<void>
  #on = true
  #looping: Promise<void> | undefined

  /** `onEdited` is waited for after each edit. */
  constructor(sql: Sql, dice: Dice, onEdited: () => Promise<void>) {
    this.#sql = sql
    this.#dice = dice
    this.#onEdited = onEdited
  }

  start(): void {
    this.#looping ??= this.#loop()
    // Told by `stop`.
    this.#looping.catch(() => undefined)
  }

  /** Rejects with what went wrong with an edit. */
  async stop(): Promise<void> {
    this.#on = false
    await this.#looping
  }

  async #loop(): Promise<void> {
    while (this.#on) {
      await this.#dice.pick(BAG)(this.#sql, this.#dice)
      await this.#onEdited()
      await sleep(this.#dice.between(20, 250))
    }
  }
}

function ignoreRollback(error: unknown): void {
  if (!(error instanceof RolledBack)) throw error
}
