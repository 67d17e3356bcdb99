import type { Evaluation, Flags, Source } from '@flagstone/core'
import type { Sql } from 'postgres'
import { SCHEMA } from './backends.ts'
import { timed, untilAnswered } from './measure.ts'
import { type Cell, count, line, ms, onOff, table } from './terminal-output.ts'

export const FLAG = 'new_feature'
export const USERS: readonly string[] = ['ada', 'ben', 'cleo', 'dan', 'eve']
const USER_COUNT = 10_000

/** Creates the flag. First deletes what an earlier run left, so that each run starts the same. */
export async function createFlag(flags: Flags): Promise<number> {
  const earlier = await flags.admin.get(FLAG)
  if (earlier) {
    const { version } = await flags.admin.delete(FLAG, { actor: 'demo', reason: 'left by an earlier run' })
    line(`Deleted ${FLAG} of an earlier run: change ${version}.`)
  }
  const { flag } = await flags.admin.create({ name: FLAG, rollout: 50, owner: 'demo' }, { actor: 'demo', reason: 'half of the users' })
  line(`Created ${flag.name}: ${onOff(flag.enabled)}, rollout ${flag.rollout} %, change ${flag.version}.`)
  return flag.version
}

/** Evaluates the flag for all users, twice. */
export async function evaluateTwice(flags: Flags): Promise<Evaluation[]> {
  const cold = []
  for (const user of USERS) cold.push(await timed(() => flags.evaluate(FLAG, user)))
  const rows: Cell[][] = []
  for (const [index, user] of USERS.entries()) {
    const warm = await timed(() => flags.evaluate(FLAG, user))
    const first = cold[index] ?? warm
    rows.push([user, onOff(first.value.enabled), bucket(first.value), first.value.source, ms(first.ms), warm.value.source, ms(warm.ms)])
  }
  table(['user', 'answer', { right: 'bucket' }, 'first from', { right: 'in' }, 'then from', { right: 'in' }], rows)
  return cold.map(({ value }) => value)
}

const MEANING: Readonly<Record<Source, string>> = {
  memory: 'this process had the flag already',
  decision: 'the shared cache had this very answer, and the flag',
  cache: 'the shared cache had the flag, left by another process',
  store: 'no cache had the flag: it was read from the store',
  default: 'no layer could answer',
}

/** Evaluates the flag once for each client and user, one after the other. */
export async function evaluateOnce(asked: readonly { client: string; flags: Flags; user: string }[]): Promise<void> {
  const rows: Cell[][] = []
  for (const { client, flags, user } of asked) {
    const { value, ms: took } = await timed(() => flags.evaluate(FLAG, user))
    rows.push([client, user, onOff(value.enabled), value.source, ms(took), MEANING[value.source]])
  }
  table(['client', 'user', 'answer', 'from', { right: 'in' }, 'that is'], rows)
}

/** Makes the change, and evaluates with `reader` until it gives the new answer. Both timers start when the change is sent. */
async function race(change: () => Promise<unknown>, what: string, reader: Flags, user: string): Promise<Cell[]> {
  const before = await reader.isEnabled(FLAG, user)
  const [read, written] = await Promise.all([timed(() => untilAnswered(reader, FLAG, user, !before)), timed(change)])
  return [what, ms(written.ms), `${onOff(before)} → ${onOff(!before)}`, ms(read.ms)]
}

/** Times three changes. `user` must be out at 50 %. */
export async function raceChanges(writer: Flags, reader: Flags, sql: Sql | undefined, user: string): Promise<void> {
  const set = (patch: { rollout?: number; enabled?: boolean }, reason: string) => () =>
    writer.admin.update(FLAG, patch, { actor: 'demo', reason })
  const rows = [
    await race(set({ rollout: 100 }, 'everybody'), 'update(): rollout 100', reader, user),
    await race(set({ enabled: false }, 'kill switch'), 'update(): enabled false', reader, user),
    sql
      ? await race(async () => await edit(sql), 'SQL: UPDATE … SET enabled = true', reader, user)
      : await race(set({ enabled: true }, 'back again'), 'update(): enabled true', reader, user),
  ]
  table(['change', { right: 'written in' }, `B's answer for ${user}`, { right: 'changed after' }], rows)
}

async function edit(sql: Sql): Promise<void> {
  await sql`UPDATE ${sql(SCHEMA)}.feature_flags SET enabled = true WHERE name = ${FLAG}`
}

/** Prints how many of 10,000 users are in, while the rollout goes up. */
export async function countUsers(flags: Flags): Promise<void> {
  const rows: Cell[][] = []
  let before = new Set<string>()
  for (const rollout of [10, 25, 50]) {
    await flags.admin.update(FLAG, { rollout }, { actor: 'demo', reason: `${rollout} %` })
    const asked = await timed(async () => {
      const admitted = new Set<string>()
      for (let n = 1; n <= USER_COUNT; n++) if (await flags.isEnabled(FLAG, `user-${n}`)) admitted.add(`user-${n}`)
      return admitted
    })
    const lost = [...before].filter((user) => !asked.value.has(user)).length
    before = asked.value
    const share = `${((before.size / USER_COUNT) * 100).toFixed(2)} %`
    rows.push([
      { right: `${rollout} %` },
      count(before.size),
      { right: share },
      count(lost),
      { right: `${((asked.ms / USER_COUNT) * 1_000).toFixed(2)} µs` },
    ])
  }
  const head = ['rollout', `in, of ${USER_COUNT.toLocaleString('en')}`, 'share', 'dropped out', 'per evaluation']
  table(
    head.map((right) => ({ right })),
    rows,
  )
}

export function showStats(clients: Readonly<Record<string, Flags>>): void {
  const rows = Object.entries(clients).map(([name, flags]) => {
    const { memory, decision, cache, store } = flags.stats()
    const layers = [memory, decision, cache].map(({ hits, misses }) => ({
      right: `${hits.toLocaleString('en')} / ${misses.toLocaleString('en')}`,
    }))
    return [name, ...layers, count(store.reads)]
  })
  table(['client', ...['memory', 'decision', 'cache', 'store reads'].map((right) => ({ right }))], rows)
}

function bucket({ bucket: percent }: Evaluation): Cell {
  return { right: percent === undefined ? '-' : percent.toFixed(3) }
}
