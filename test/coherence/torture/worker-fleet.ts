import { join } from 'node:path'
import type { PrivateService } from '@flagstone/services'
import { healNetworkLinks, type NetworkLinks, openNetworkLinks } from './network-links.ts'
import { WorkerHandle, type WorkerListener } from './worker-handle.ts'
import type { AnnouncedChange, WorkerRole, WorkerStatus } from './worker-messages.ts'

const READERS: readonly WorkerRole[] = [
  { name: 'reader', writes: false, memory: 100, channels: 'both' },
  { name: 'memoryless', writes: false, memory: false, channels: 'both' },
  { name: 'redis-only', writes: false, memory: 100, channels: 'cache' },
  { name: 'listen-only', writes: false, memory: 2, channels: 'store' },
  { name: 'disconnected', writes: false, memory: 100, channels: 'both' },
]
const WRITER: WorkerRole = { name: 'writer', writes: true, memory: 2, channels: 'both' }

export interface WorkerFleetOptions {
  readonly postgres: PrivateService
  readonly redis: PrivateService
  readonly schema: string
  /** The folder of the answer logs. */
  readonly folder: string
  readonly seed: number
  readonly listener: WorkerListener
}

/** All workers of a run: five that only read, and one that also writes and is killed and replaced. */
export class WorkerFleet {
  /** The names of workers that are cut off on purpose. `announce()`, `heal()` and `statuses()` skip them. */
  readonly isolated = new Set<string>()
  readonly #options: WorkerFleetOptions
  readonly #readers: WorkerHandle[] = []
  #writer: WorkerHandle | undefined
  #writers = 0
  #replacing = false
  readonly #links: NetworkLinks[] = []

  constructor(options: WorkerFleetOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const started = await Promise.allSettled([
      ...READERS.map(async (role) => this.#readers.push(await this.#start(role, role.name, await this.#openLinks()))),
      this.#newWriter(await this.#openLinks()),
    ])
    for (const one of started) if (one.status === 'rejected') throw one.reason
  }

  get workers(): readonly WorkerHandle[] {
    return [...this.#readers, this.writer]
  }

  get writer(): WorkerHandle {
    if (this.#writer === undefined) throw new Error('The fleet has not started')
    return this.#writer
  }

  byName(name: string): WorkerHandle {
    const worker = this.workers.find(({ role }) => role.name === name)
    if (worker === undefined) throw new Error(`No worker is called ${name}`)
    return worker
  }

  /** Tells all workers of changes but the isolated ones, which would catch up by a `minVersion`. */
  announce(changes: readonly AnnouncedChange[]): void {
    for (const worker of this.#writer === undefined ? this.#readers : this.workers) {
      if (!this.isolated.has(worker.role.name)) worker.send({ type: 'changed', changes })
    }
  }

  /** Kills the writer and starts another with the same network links. Returns `false` if a replacement is already in progress. */
  async replaceWriter(before: (writer: WorkerHandle) => Promise<void>): Promise<boolean> {
    if (this.#replacing) return false
    this.#replacing = true
    try {
      const { writer } = this
      await before(writer)
      await writer.kill()
      healNetworkLinks(writer.links)
      await this.#newWriter(writer.links)
      await this.writer.write(true)
      return true
    } finally {
      this.#replacing = false
    }
  }

  heal(): void {
    for (const { links, role } of this.workers) if (!this.isolated.has(role.name)) healNetworkLinks(links)
  }

  /** The status of every worker that is not isolated. */
  async statuses(): Promise<ReadonlyMap<string, WorkerStatus>> {
    const asked = this.workers.filter(({ role }) => !this.isolated.has(role.name))
    return new Map(await Promise.all(asked.map(async (worker) => [worker.role.name, await worker.status()] as const)))
  }

  /** Rejects if a worker does not exit by itself. */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()))
  }

  /** Kills every worker and closes every proxy, in whatever state they are. */
  async killAll(): Promise<void> {
    const left = [...this.#readers, ...(this.#writer === undefined ? [] : [this.#writer])]
    await Promise.all(left.map((worker) => worker.kill()))
    for (const { postgres, listen, redis } of this.#links) await Promise.all([postgres, listen, redis].map((link) => link.close()))
  }

  async #newWriter(links: NetworkLinks): Promise<void> {
    this.#writer = await this.#start(WRITER, `writer-${++this.#writers}`, links)
  }

  async #openLinks(): Promise<NetworkLinks> {
    const links = await openNetworkLinks(this.#options.postgres.port, this.#options.redis.port)
    this.#links.push(links)
    return links
  }

  async #start(role: WorkerRole, name: string, links: NetworkLinks): Promise<WorkerHandle> {
    const { postgres, redis, schema, folder, seed, listener } = this.#options
    const through = (url: string, port: number): string => Object.assign(new URL(url), { port: String(port) }).href
    const plan = {
      ...{ ...role, name, schema, seed: seed + 97 * (this.#links.indexOf(links) + 10 * this.#writers) },
      databaseUrl: through(postgres.url, links.postgres.port),
      listenUrl: through(postgres.url, links.listen.port),
      redisUrl: through(redis.url, links.redis.port),
      log: join(folder, `${name}.jsonl`),
    }
    return await WorkerHandle.start(plan, links, listener)
  }
}
