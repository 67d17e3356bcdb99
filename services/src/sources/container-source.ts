import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { errorReason } from '../service/error-reason.ts'
import type { NotAvailable } from '../service/not-available.ts'
import { probe } from '../service/probe.ts'
import type { Service, ServiceKind } from '../service/service.ts'
import type { ServiceSource } from './service-source.ts'

const IMAGES = { postgres: 'postgres:17-alpine', redis: 'redis:7-alpine' } as const
const PING_TIMEOUT_MS = 500
const START_TIMEOUT_MS = 180_000

type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** Starts a container with the service, if a container engine answers. */
export function containerSource(kind: ServiceKind): ServiceSource {
  return async (): Promise<Service | NotAvailable> => {
    if (!(await engineAnswers())) return { absent: 'no container engine answers' }
    const image = IMAGES[kind]
    const starting = start(kind, image)
    try {
      const started = await withTimeout(starting, START_TIMEOUT_MS)
      const product = await probe(kind, started.url)
      return { kind, url: started.url, origin: `container of ${image}`, product, stop: started.stop }
    } catch (error) {
      starting.then((late) => late.stop()).catch(() => {})
      return { absent: `the container engine answers, but ${image} does not start (${errorReason(error)})` }
    }
  }
}

async function start(kind: ServiceKind, image: string): Promise<{ url: string; stop(): Promise<void> }> {
  // Imported only after an engine has answered: importing testcontainers looks for an engine, which can hang for long.
  if (kind === 'postgres') {
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
    const started = await new PostgreSqlContainer(image).withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200']).start()
    return { url: started.getConnectionUri(), stop: async () => void (await started.stop()) }
  }
  const { RedisContainer } = await import('@testcontainers/redis')
  const started = await new RedisContainer(image).start()
  return { url: started.getConnectionUrl(), stop: async () => void (await started.stop()) }
}

/** Whether any engine that testcontainers would find answers `GET /_ping` in time. */
export async function engineAnswers(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const answers = await Promise.all(engineAddresses(env).map(ping))
  return answers.includes(true)
}

function engineAddresses(env: NodeJS.ProcessEnv): Address[] {
  const host = env['DOCKER_HOST']
  if (host) {
    const url = new URL(host)
    return [url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: Number(url.port || 2375) }]
  }
  const runtime = env['XDG_RUNTIME_DIR']
  const home = env['HOME'] ?? homedir()
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
  ]
    .filter((path) => existsSync(path))
    .map((socketPath) => ({ socketPath }))
}

function ping(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ ...address, path: '/_ping', method: 'GET', agent: false }, (response) => {
      response.resume()
      settle(response.statusCode === 200)
    })
    const timer = setTimeout(() => settle(false), PING_TIMEOUT_MS)
    const settle = (answer: boolean): void => {
      clearTimeout(timer)
      asked.destroy()
      resolve(answer)
    }
    asked.on('error', () => settle(false))
    asked.end()
  })
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
