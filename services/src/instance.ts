import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GuardedFolder } from './guarded-folder.ts'
import { freePort } from './ports.ts'
import { probe } from './probe.ts'
import { childrenOf, type Spawned, signal, spawnServer } from './process.ts'
import type { PrivateService } from './service.ts'

const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5000
const PORT_ATTEMPTS = 3

export interface InstancePlan {
  readonly kind: PrivateService['kind']
  readonly origin: string
  readonly folder: GuardedFolder
  readonly file: string
  readonly env: Readonly<Record<string, string>>
  /** What ends the server in an orderly way. */
  readonly stopSignal: NodeJS.Signals
  args(port: number): readonly string[]
  url(port: number): string
}

/** Starts a server by its plan on a random free port and waits until it answers. */
export async function startInstance(plan: InstancePlan): Promise<PrivateService> {
  try {
    for (let attempt = 1; ; attempt++) {
      const instance = new Instance(plan, await freePort())
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

class Instance implements PrivateService {
  readonly kind: PrivateService['kind']
  readonly url: string
  readonly origin: string
  readonly port: number
  product = ''
  readonly #plan: InstancePlan
  #server: Spawned | undefined
  #stopped: Promise<void> | undefined

  constructor(plan: InstancePlan, port: number) {
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
    // The parent first: while it is stopped, no new child can appear.
    signal(this.pid, 'SIGSTOP')
    for (const child of await childrenOf(this.pid)) signal(child, 'SIGSTOP')
  }

  async resume(): Promise<void> {
    for (const child of await childrenOf(this.pid)) signal(child, 'SIGCONT')
    signal(this.pid, 'SIGCONT')
  }

  async kill(): Promise<void> {
    const server = this.#server
    if (!server) return
    signal(server.pid, 'SIGSTOP')
    const children = await childrenOf(server.pid)
    signal(server.pid, 'SIGKILL')
    for (const child of children) signal(child, 'SIGKILL')
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
    signal(server.pid, this.#plan.stopSignal)
    const patience = new AbortController()
    const late = sleep(STOP_TIMEOUT_MS, 'late' as const, { signal: patience.signal }).catch(() => 'late' as const)
    const outcome = await Promise.race([server.exited, late])
    patience.abort()
    if (outcome === 'late') await this.kill()
  }
}

async function lastLine(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').at(-1) || 'it printed nothing'
}
