import { existsSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { type PrivateService, startPrivateRedis } from '../src/index.ts'
import { isAlive, settlesWithin, waitUntilGone } from './processes.ts'

const started: PrivateService[] = []
const clients: Redis[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await Promise.all(started.splice(0).map((service) => service.stop()))
})

async function start(options?: Parameters<typeof startPrivateRedis>[0]): Promise<PrivateService> {
  const service = await startPrivateRedis(options)
  started.push(service)
  return service
}

function connect(service: PrivateService): Redis {
  const client = new Redis(service.url).on('error', () => {})
  clients.push(client)
  return client
}

test('two private servers share nothing', async () => {
  const [one, two] = await Promise.all([start(), start()])
  expect(one.port).not.toBe(two.port)
  await connect(one).set('key', 'value')
  expect(await connect(two).get('key')).toBeNull()
  expect(one.product).toMatch(/^(Redis|Valkey) \d/)
  expect(one.origin).toMatch(/^private instance of /)
})

test('while paused it keeps its connections and answers nothing', async () => {
  const service = await start()
  const client = connect(service)
  await client.set('key', 'value')
  await service.pause()
  const answer = client.get('key')
  expect(await settlesWithin(answer, 150)).toBe(false)
  await service.resume()
  expect(await answer).toBe('value')
})

test('a killed server has ended and restarts on the same port, empty by default', async () => {
  const service = await start()
  await connect(service).set('key', 'value')
  const { pid, port } = service
  await service.kill()
  expect(isAlive(pid)).toBe(false)
  expect(() => service.pid).toThrow('not running')
  await service.restart()
  expect(service.port).toBe(port)
  expect(service.pid).not.toBe(pid)
  expect(await connect(service).get('key')).toBeNull()
})

test('a persistent server keeps its data after a kill', async () => {
  const service = await start({ persist: true })
  await connect(service).set('key', 'value')
  await service.kill()
  await service.restart()
  expect(await connect(service).get('key')).toBe('value')
})

test('stopping it twice, paused or not, leaves no process and no folder', async () => {
  const service = await start()
  const [, folder] = (await connect(service).config('GET', 'dir')) as string[]
  const { pid } = service
  await service.pause()
  await Promise.all([service.stop(), service.stop()])
  await waitUntilGone(pid)
  expect(existsSync(String(folder))).toBe(false)
  await expect(service.restart()).rejects.toThrow('stopped for good')
})

test('if the server refuses its arguments, the error repeats its message', async () => {
  await expect(start({ args: ['--no-such-setting', '1'] })).rejects.toThrow(/does not come up: .*(no-such-setting|Bad directive)/)
})
