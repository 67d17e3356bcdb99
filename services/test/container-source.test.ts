import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { engineAnswers } from '../src/sources/container-source.ts'

let folder: string
let engine: Server | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagstone-engine-'))
})

afterEach(async () => {
  engine?.closeAllConnections()
  engine?.close()
  engine = undefined
  await rm(folder, { recursive: true, force: true })
})

async function engineThat(answer: RequestListener): Promise<NodeJS.ProcessEnv> {
  const socket = join(folder, 'engine.sock')
  const server = createServer(answer)
  engine = server
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return { DOCKER_HOST: `unix://${socket}` }
}

test('an engine that answers the ping counts', async () => {
  const env = await engineThat((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 404).end('OK'))
  expect(await engineAnswers(env)).toBe(true)
})

test('an engine that refuses the ping does not count', async () => {
  const env = await engineThat((_, response) => response.writeHead(503).end())
  expect(await engineAnswers(env)).toBe(false)
})

test('an engine that accepts a connection and never answers does not count, and blocks for a short time only', async () => {
  const env = await engineThat(() => {})
  const start = Date.now()
  expect(await engineAnswers(env)).toBe(false)
  expect(Date.now() - start).toBeLessThan(5000)
})

test('a socket that does not exist does not count', async () => {
  expect(await engineAnswers({ DOCKER_HOST: `unix://${join(folder, 'nothing.sock')}` })).toBe(false)
  expect(await engineAnswers({ DOCKER_HOST: 'tcp://127.0.0.1:1' })).toBe(false)
})
