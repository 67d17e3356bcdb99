import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TcpProxy, tcpProxy } from '../src/index.ts'
import { listenOnLoopback } from '../src/network/loopback-port.ts'

let echo: Server
let proxy: TcpProxy
const clients: Socket[] = []

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  proxy = await tcpProxy(await listenOnLoopback(echo))
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
  echo.close()
})

function dial(): Socket {
  const client = connect(proxy.port, '127.0.0.1').on('error', () => {})
  clients.push(client)
  return client
}

function closed(client: Socket): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()))
}

async function say(client: Socket, text: string): Promise<string> {
  client.write(text)
  const [chunk] = (await once(client, 'data')) as [Buffer]
  return chunk.toString()
}

test('it passes bytes in both directions', async () => {
  const client = dial()
  expect(await say(client, 'hello')).toBe('hello')
  expect(proxy.connections).toBe(1)
})

test('the end of one side reaches the other, after everything that was sent', async () => {
  const client = dial()
  const chunks: Buffer[] = []
  client.on('data', (chunk) => chunks.push(chunk))
  proxy.delay(30)
  client.end('last words')
  await once(client, 'end')
  expect(Buffer.concat(chunks).toString()).toBe('last words')
})

test('a drop ends open connections and lets new ones in', async () => {
  const client = dial()
  await say(client, 'a')
  proxy.drop()
  await closed(client)
  expect(await say(dial(), 'b')).toBe('b')
})

test('a cut ends open connections and new ones until it heals', async () => {
  const before = dial()
  await say(before, 'a')
  proxy.cut()
  await closed(before)
  await closed(dial())
  proxy.heal()
  expect(await say(dial(), 'b')).toBe('b')
})

test('a delay holds every chunk back and keeps their order', async () => {
  const client = dial()
  await say(client, 'warm')
  proxy.delay(60)
  const start = Date.now()
  let heard = ''
  client.on('data', (chunk) => {
    heard += chunk.toString()
  })
  for (const letter of 'abcdef') {
    client.write(letter)
    await sleep(2)
  }
  while (heard.length < 6) await once(client, 'data')
  expect(heard).toBe('abcdef')
  expect(Date.now() - start).toBeGreaterThanOrEqual(110)
})

test('a black hole keeps connections open without data, and delivers what it held back when it heals', async () => {
  const client = dial()
  await say(client, 'warm')
  proxy.blackHole()
  client.write('anyone?')
  const newcomer = dial()
  await once(newcomer, 'connect')
  newcomer.write('me too')
  const heard = Promise.all([once(client, 'data'), once(newcomer, 'data')])
  const silence = await Promise.race([heard.then(() => 'heard'), sleep(150, 'silent')])
  expect(silence).toBe('silent')
  expect([client.destroyed, newcomer.destroyed]).toEqual([false, false])
  proxy.heal()
  const [[first], [second]] = (await heard) as [[Buffer], [Buffer]]
  expect([first.toString(), second.toString()]).toEqual(['anyone?', 'me too'])
})

test('closing it ends its connections', async () => {
  const client = dial()
  await say(client, 'a')
  const ended = closed(client)
  await proxy.close()
  await ended
  proxy = await tcpProxy(1)
})

test('the client is reset if the server does not exist', async () => {
  const nowhere = await tcpProxy(1)
  const client = connect(nowhere.port, '127.0.0.1').on('error', () => {})
  await closed(client)
  await nowhere.close()
})
