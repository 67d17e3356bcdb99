import { join } from 'node:path'
import type { PrivateService } from '@flagstone/services'
import { type Ears, heal, type Links, Member, openLinks } from './member.ts'
import type { Role, Status, Told } from './protocol.ts'

const READERS: readonly Role[] = [
  { name: 'reader', writes: false, memory: 100, channels: 'both' },
  { name: 'memoryless', writes: false, memory: false, channels: 'both' },
  { name: 'redis-only', writes: false, memory: 100, channels: 'cache' },
  { name: 'listen-only', writes: false, memory: 2, channels: 'store' },
  { name: 'hermit', writes: false, memory: 100, channels: 'both' },
]
const WRITER: Role = { name: 'writer', writes: true, memory: 2, channels: 'both' }

export interface Berth {
  readonly postgres: PrivateService
  readonly redis: PrivateService
  readonly schema: string
  /** The folder of the answer logs. */
  readonly folder: string
  readonly seed: number
  readonly ears: Ears
}

/** All actors of a round: five that read, and one that also writes, which is killed and replaced. */
export class Crew {
  /** Who is cut off on purpose: neither told of versions, nor healed with the others. */
  readonly isolated = new Set<string>()
  readonly #berth: Berth
  readonly #readers: Member[] = []
  #writer: Member | undefined
  #writers = 0
  #replacing = false
  readonly #links: Links[] = []

  constructor(berth: Berth) {
    this.#berth = berth
  }

  async start(): Promise<void> {
    const started = await Promise.allSettled([
      ...READERS.map(async (role) => this.#readers.push(await this.#start(role, role.name, await this.#open()))),
      this.#newWriter(await this.#open()),
    ])
    for (const one of started) if (one.status === 'rejected') throw one.reason
  }

  get members(): readonly Member[] {
    return [...this.#readers, this.writer]
  }

  get writer(): Member {
    if (this.#writer === undefined) throw new Error('The crew has not started')
    return this.#writer
  }

  named(name: string): Member {
    const member = this.members.find(({ role }) => role.name === name)
    if (member === undefined) throw new Error(`Nobody is called ${name}`)
    return member
  }

  /** Tells everybody but the isolated: a `minVersion` would have them catch up. */
  told(changes: readonly Told[]): void {
    for (const member of this.#writer === undefined ? this.#readers : this.members) {
      if (!this.isolated.has(member.role.name)) member.tell({ order: 'changed', changes })
    }
  }

  /** Kills the writer and starts another on the same network. Answers `false` while that is under way already. */
  async replaceWriter(before: (writer: Member) => Promise<void>): Promise<boolean> {
    if (this.#replacing) return false
    this.#replacing = true
    try {
      const { writer } = this
      await before(writer)
      await writer.kill()
      heal(writer.links)
      await this.#newWriter(writer.links)
      await this.writer.write(true)
      return true
    } finally {
      this.#replacing = false
    }
  }

  heal(): void {
    for (const { links, role } of this.members) if (!this.isolated.has(role.name)) heal(links)
  }

  /** Of all who are not isolated. */
  async statuses(): Promise<ReadonlyMap<string, Status>> {
    const asked = this.members.filter(({ role }) => !this.isolated.has(role.name))
    return new Map(await Promise.all(asked.map(async (member) => [member.role.name, await member.status()] as const)))
  }

  /** Rejects where one of them does not end by itself. */
  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()))
  }

  /** Whatever state it is in. */
  async scuttle(): Promise<void> {
    const left = [...this.#readers, ...(this.#writer === undefined ? [] : [this.#writer])]
    await Promise.all(left.map((member) => member.kill()))
    for (const { postgres, listen, redis } of this.#links) await Promise.all([postgres, listen, redis].map((link) => link.close()))
  }

  async #newWriter(links: Links): Promise<void> {
    this.#writer = await this.#start(WRITER, `writer-${++this.#writers}`, links)
  }

  async #open(): Promise<Links> {
    const links = await openLinks(this.#berth.postgres.port, this.#berth.redis.port)
    this.#links.push(links)
    return links
  }

  async #start(role: Role, name: string, links: Links): Promise<Member> {
    const { postgres, redis, schema, folder, seed, ears } = this.#berth
    const through = (url: string, port: number): string => Object.assign(new URL(url), { port: String(port) }).href
    const plan = {
      ...{ ...role, name, schema, seed: seed + 97 * (this.#links.indexOf(links) + 10 * this.#writers) },
      databaseUrl: through(postgres.url, links.postgres.port),
      listenUrl: through(postgres.url, links.listen.port),
      redisUrl: through(redis.url, links.redis.port),
      log: join(folder, `${name}.jsonl`),
    }
    return await Member.start(plan, links, ears)
  }
}
