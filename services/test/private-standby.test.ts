import { existsSync } from 'node:fs'
import postgres, { type Sql } from 'postgres'
import { afterEach, expect, test, vi } from 'vitest'
import type { Binaries } from '../src/binaries/binaries.ts'
import { fetchPostgres } from '../src/binaries/fetch-postgres.ts'
import { type PrivateService, startPrivatePostgres, startPrivateStandby } from '../src/index.ts'
import { isNotAvailable } from '../src/service/not-available.ts'
import { waitUntilGone } from './processes.ts'

const started: PrivateService[] = []
const clients: Sql[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end({ timeout: 0 })))
  for (const service of started.splice(0).reverse()) await service.stop()
})

/** A primary with a table in it, and its standby. */
async function pair(options: { readonly binaries?: Binaries } = {}): Promise<readonly [PrivateService, PrivateService]> {
  const primary = await startPrivatePostgres(options)
  started.push(primary)
  await connect(primary)`create table notes (n int)`
  const standby = await startPrivateStandby(primary, options)
  started.push(standby)
  return [primary, standby]
}

function connect(service: PrivateService): Sql {
  const client = postgres(service.url, { max: 1, onnotice: () => {} })
  clients.push(client)
  return client
}

async function reaches(standby: PrivateService, n: number): Promise<void> {
  const sql = connect(standby)
  await vi.waitFor(async () => expect(await sql`select from notes where n = ${n}`).toHaveLength(1), { timeout: 10_000, interval: 10 })
}

test('a standby follows its primary, refuses writes, and keeps running without it', async () => {
  const [primary, standby] = await pair()
  await connect(primary)`insert into notes values (1)`
  await reaches(standby, 1)
  await expect(connect(standby)`insert into notes values (2)`).rejects.toMatchObject({ code: '25006' })
  await primary.kill()
  await reaches(standby, 1)
  await primary.restart()
  await connect(primary)`insert into notes values (3)`
  await reaches(standby, 3)
})

test('stopping it leaves no process and no folder, and its primary running', async () => {
  const [primary, standby] = await pair()
  const [row] = await connect(standby)<{ data_directory: string }[]>`show data_directory`
  const { pid } = standby
  await standby.stop()
  await waitUntilGone(pid)
  expect(existsSync(row?.data_directory ?? '/')).toBe(false)
  await connect(primary)`insert into notes values (1)`
})

test('programs of the platform package make a standby as well', async ({ skip }) => {
  const binaries = await fetchPostgres()
  if (isNotAvailable(binaries)) return skip(binaries.absent)
  const [primary, standby] = await pair({ binaries })
  await connect(primary)`insert into notes values (1)`
  await reaches(standby, 1)
})

test('a standby of a stopped server is refused', async () => {
  const primary = await startPrivatePostgres()
  started.push(primary)
  await primary.kill()
  await expect(startPrivateStandby(primary)).rejects.toThrow(/ECONNREFUSED/)
})
