import type { Cursor } from '@flagstone/core/adapter'
import { afterAll, expect, test } from 'vitest'
import { postgresStore } from '../src/index.ts'
import { freshSchema, openClient } from './test-database.ts'

const WRITERS = 20
const ROUNDS = 15

const { sql, schema, flags, changes } = await freshSchema()
const writers = openClient({ max: WRITERS })
afterAll(() => writers.end())

test('a cursor that polls while 20 writers edit in every way, and some roll back, sees every change', async () => {
  const store = postgresStore({ sql, schema })
  const own = postgresStore({ sql: writers, schema, lockTimeoutMs: 60_000 })
  const means: ((name: string, round: number) => Promise<unknown>)[] = [
    (name, round) => own.create({ name, rollout: round }),
    (name) => writers.unsafe(`INSERT INTO ${flags} (name) VALUES ('${name}'), ('${name}-b') ON CONFLICT DO NOTHING`),
    (name) =>
      writers.unsafe(`INSERT INTO ${flags} (name) VALUES ('${name}'); UPDATE ${flags} SET name = name || '-c' WHERE name = '${name}'`),
    (name) =>
      writers
        .begin(async (tx) => {
          await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('${name}')`)
          throw new Error('rolled back')
        })
        .catch(() => {}),
    (name) =>
      writers.begin(async (tx) => {
        await tx.unsafe(`INSERT INTO ${flags} (name) VALUES ('${name}')`)
        await tx.unsafe(`DELETE FROM ${flags} WHERE name = '${name}'`)
      }),
  ]
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) await means[(writer + round) % means.length]?.(`w${writer}-${round}`, round)
  }
  let writing = true
  const done = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer))).finally(() => {
    writing = false
  })
  const seen = new Map<string, number>()
  let cursor: Cursor = { version: 0, id: '' }
  const poll = async (): Promise<void> => {
    const answer = await store.changesSince(cursor)
    if (answer.kind === 'lost') throw new Error(answer.why)
    expect(answer.cursor.version).toBeGreaterThanOrEqual(cursor.version)
    for (const { name, version } of answer.changed) {
      expect(version).toBeGreaterThan(cursor.version)
      expect(version).toBeLessThanOrEqual(answer.cursor.version)
      seen.set(name, version)
    }
    cursor = answer.cursor
  }
  while (writing) await poll()
  await done
  await poll()
  const newest = await sql.unsafe(`SELECT flag, max(version)::int AS version FROM ${changes} GROUP BY flag`)
  expect(newest.length).toBeGreaterThan(WRITERS * ROUNDS * 0.7)
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(newest.map(({ flag, version }) => [flag, version])))
  expect(cursor).toEqual((await store.head()).cursor)
})
