import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../network/loopback-port.ts'
import type { ServerFolder } from '../processes/server-folder.ts'
import { childrenOf, type ServerProcess, sendSignal, spawnServer } from '../processes/server-process.ts'
import { probe } from '../service/probe.ts'
import type { PrivateService } from '../service/service.ts'

const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5000
const PORT_ATTEMPTS = 3

export interface PrivateServerPlan {
  readonly kind: PrivateService['kind']
  readonly origin: string
  readonly folder: ServerFolder
  readonly file: string
  readonly env: Readonly<Record<string, string>>
  /** The signal that makes the server shut down cleanly. */
  readonly stopSignal: NodeJS.Signals
  args(port: number): readonly string[]
  url(port: number): string
}

/** Starts a server on a random free port and waits until it answers. */
export async function startPrivateServer(plan: PrivateServerPlan): Promise<PrivateService> {
  try {
    for (let attempt = 1; ; attempt++) {
      const instance = new PrivateServer(plan, await freePort())
      try {
        await instance.start()
        return instance
      } catch (error) {
        await instance.kill()
        if (attempt === PORT_ATTEMPTS) throw error
      }
    }
  } catch (error) {
    await plan.folder.remove()
    throw error
  }
}

class PrivateServer implements PrivateService {
  readonly kind: PrivateService['kind']
  readonly url: string
  readonly origin: string
  readonly port: number
  product = ''
  readonly #plan: PrivateServerPlan
  #server: ServerProcess | undefined
  #stopped: Promise<void> | undefined

  constructor(plan: PrivateServerPlan, port: number) {
    this.kind = plan.kind
    this.origin = plan.origin
    this.port = port
    this.url = plan.url(port)
    this.#plan = plan
  }

  get pid(): number {
    if (!this.#server) throw new Error(`the private ${this.kind} is not running`)
    return this.#server.pid
  }

  async start(): Promise<void> {
    const { file, folder, env } = this.#plan
    const log = join(folder.path, 'server.log')
    const server = spawnServer(file, this.#plan.args(this.port), { folder, env, log })
    this.#server = server
    let running = true
    void server.exited.then(() => {
      running = false
      if (this.#server === server) this.#server = undefined
    })
    const until = Date.now() + READY_TIMEOUT_MS
    for (;;) {
      try {
        this.product = await probe(this.kind, this.url)
        return
      } catch (error) {
        if (running && Date.now() < until) await sleep(20)
        else throw new Error(`${file} does not come up: ${await lastLine(log)}`, { cause: error })
      }
    }
  }

  async pause(): Promise<void> {
    // The parent first: while it is stopped, it starts no new child.
    sendSignal(this.pid, 'SIGSTOP')
    for (const child of await childrenOf(this.pid)) sendSignal(child, 'SIGSTOP')
  }

  async resume(): Promise<void> {
    for (const child of await childrenOf(this.pid)) sendSignal(child, 'SIGCONT')
    sendSignal(this.pid, 'SIGCONT')
  }

  async kill(): Promise<void> {
    const server = this.#server
    if (!server) return
    sendSignal(server.pid, 'SIGSTOP')
    const children = await childrenOf(server.pid)
    sendSignal(server.pid, 'SIGKILL')
    for (const child of children) sendSignal(child, 'SIGKILL')
    await server.exited
  }

  async restart(): Promise<void> {
    if (this.#stopped !== undefined) throw new Error(`the private ${this.kind} was stopped for good`)
    await this.#end()
    await this.start()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end().then(() => this.#plan.folder.remove())
    return this.#stopped
  }

  async #end(): Promise<void> {
    const server = this.#server
    if (!server) return
    await this.resume()
    sendSignal(server.pid, this.#plan.stopSignal)
    const waiting = new AbortController()
    const late = sleep(STOP_TIMEOUT_MS, 'late' as const, { signal: waiting.signal }).catch(() => 'late' as const)
    const outcome = await Promise.race([server.exited, late])
    waiting.abort()
    if (outcome === 'late') await this.kill()
  }
}

async function lastLine(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').at(-1) || 'it printed nothing'
}
