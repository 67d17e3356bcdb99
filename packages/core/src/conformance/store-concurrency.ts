import assert from 'node:assert/strict'
import type { Change, Changes, Cursor, FlagStore } from '../contracts/index.ts'
import type { Scenarios } from './case.ts'
import type { StoreFixture } from './store-fixture.ts'

const WRITERS = 8
const FLAGS_EACH = 6

/** Each writer creates its own flags, one after the other, through one of the clients. */
function createMany(clients: readonly FlagStore[]): Promise<readonly Change[]> {
  const writer = async (number: number): Promise<readonly Change[]> => {
    const client = clients[number % clients.length] as FlagStore
    const changes: Change[] = []
    for (let index = 0; index < FLAGS_EACH; index += 1) changes.push(await client.create({ name: `w${number}-${index}` }))
    return changes
  }
  return Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number))).then((changes) => changes.flat())
}

function namesOf(answer: Changes): readonly string[] {
  assert.equal(answer.kind, 'changes')
  return answer.kind === 'changes' ? answer.changed.map(({ name }) => name) : []
}

/** Repeats `look` for as long as the writers write, and once more. */
async function during<T>(writing: Promise<T>, look: () => Promise<void>): Promise<T> {
  let done = false
  const finished = writing.finally(() => {
    done = true
  })
  finished.catch(() => {})
  while (!done) await look()
  await look()
  return finished
}

/** Versions rise in commit order: a read that sees version n sees every change below it. */
export const storeConcurrency: Scenarios<StoreFixture> = {
  'concurrent writers get distinct versions': async ({ store, peer }) => {
    const changes = await createMany([store, await peer()])
    assert.equal(new Set(changes.map(({ version }) => version)).size, WRITERS * FLAGS_EACH)
    assert.equal(new Set(changes.map(({ id }) => id)).size, WRITERS * FLAGS_EACH)
    assert.equal((await store.head()).cursor.version, Math.max(...changes.map(({ version }) => version)))
  },

  'concurrent updates of one flag are all kept, one after the other': async ({ store, peer }) => {
    const other = await peer()
    await store.create({ name: 'a' })
    const updates = await Promise.all(Array.from({ length: 12 }, (_, rollout) => (rollout % 2 ? store : other).update('a', { rollout })))
    const [latest, ...older] = await store.history('a')
    assert.equal(older.length, updates.length)
    assert.deepEqual((await store.load(['a'])).flags.get('a'), latest?.after)
    for (const [index, change] of older.entries()) {
      const next = index === 0 ? latest : older[index - 1]
      assert.deepEqual(next?.before, change.after, 'a change does not start where the one before it ended')
    }
  },

  'a cursor that polls while others write loses no change': async ({ store, peer }) => {
    const other = await peer()
    const seen = new Set<string>()
    let cursor: Cursor = { version: 0, id: '' }
    const changes = await during(createMany([store, other]), async () => {
      const answer = await other.changesSince(cursor)
      for (const name of namesOf(answer)) seen.add(name)
      assert.ok(answer.cursor.version >= cursor.version, 'the cursor went back')
      cursor = answer.cursor
    })
    assert.deepEqual(seen, new Set(changes.map(({ flag }) => flag)))
  },

  'a snapshot holds every change up to its clock, and none above': async ({ store, peer }) => {
    const other = await peer()
    const snapshots: { readonly asOf: number; readonly names: ReadonlySet<string> }[] = []
    const changes = await during(createMany([store, other]), async () => {
      const { asOf, flags } = await other.loadAll()
      snapshots.push({ asOf, names: new Set(flags.keys()) })
    })
    for (const { asOf, names } of snapshots) {
      const expected = changes.filter(({ version }) => version <= asOf).map(({ flag }) => flag)
      assert.deepEqual(names, new Set(expected), `at ${asOf}`)
    }
  },
}
