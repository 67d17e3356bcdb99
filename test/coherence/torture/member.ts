import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type TcpProxy, tcpProxy } from '@flagstone/services'
import type { ActorPlan, Order, Role, Status, Word } from './protocol.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const ACTOR = fileURLToPath(new URL('./actor.ts', import.meta.url))
const START_MS = 30_000
const ANSWER_MS = 20_000

/** How one actor reaches the services: whatever happens to its network happens to it alone. */
export interface Links {
  readonly postgres: TcpProxy
  /** Where it LISTENs, apart, so that it can be deaf without being blind. */
  readonly listen: TcpProxy
  readonly redis: TcpProxy
}

export async function openLinks(postgresPort: number, redisPort: number): Promise<Links> {
  const [postgres, listen, redis] = await Promise.all([tcpProxy(postgresPort), tcpProxy(postgresPort), tcpProxy(redisPort)])
  return { postgres, listen, redis }
}

export function heal({ postgres, listen, redis }: Links): void {
  for (const link of [postgres, listen, redis]) link.heal()
}

/** What a member says without being asked. */
export interface Ears {
  committed(version: number, at: number): void
  resolved(process: string, version: number, at: number, propagated: boolean): void
  crashed(process: string, why: string): void
}

/** The parent's hold on one actor. */
export class Member {
  readonly role: Role
  readonly links: Links
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #expected = false

  private constructor(plan: ActorPlan, links: Links, ears: Ears) {
    this.role = plan
    this.links = links
    this.#child = fork(ACTOR, [JSON.stringify(plan)], { cwd: ROOT, execArgv: ['--import', 'tsx'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (word: Word) => {
      if (word.word === 'committed') ears.committed(word.version, word.at)
      if (word.word === 'resolved') ears.resolved(plan.name, word.version, word.at, word.propagated)
      if (word.word === 'crashed') ears.crashed(plan.name, word.why)
    })
    this.#child.on('error', () => undefined)
    this.#child.once('exit', (code, signal) => {
      if (!this.#expected) ears.crashed(plan.name, `It ended by itself: ${code ?? signal}`)
    })
  }

  /** Resolves when it answers. */
  static async start(plan: ActorPlan, links: Links, ears: Ears): Promise<Member> {
    const member = new Member(plan, links, ears)
    await member.#hear('ready', START_MS).catch(async (error: unknown) => {
      await member.kill()
      throw error
    })
    return member
  }

  tell(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  async status(): Promise<Status> {
    const { status } = await this.#ask({ order: 'status' }, 'status')
    return status
  }

  async write(on: boolean): Promise<void> {
    await this.#ask({ order: 'write', on }, 'rests')
  }

  async finale(): Promise<readonly number[]> {
    return (await this.#ask({ order: 'finale' }, 'finale')).versions
  }

  /** Resolves with the version that is committed and goes no further; with nothing where none was written in time. */
  async stall(forMs: number | null): Promise<number | undefined> {
    const stalled = this.#hear('stalled', 2_000).catch(() => undefined)
    this.tell({ order: 'stall', forMs })
    return (await stalled)?.version
  }

  /** SIGKILL, by its pid. */
  async kill(): Promise<void> {
    this.#expected = true
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Resolves when the process has ended by itself, which it does only if it left nothing open. Rejects where it does not. */
  async close(): Promise<void> {
    await this.#ask({ order: 'close' }, 'closed')
    this.#expected = true
    const late = AbortSignal.timeout(ANSWER_MS)
    if (this.#child.exitCode === null) await once(this.#child, 'exit', { signal: late })
    if (this.#child.exitCode !== 0) throw new Error(`${this.role.name} ended with ${this.#child.exitCode ?? this.#child.signalCode}`)
  }

  async #ask<W extends Word['word']>(order: Order, word: W): Promise<Extract<Word, { word: W }>> {
    const heard = this.#hear(word, ANSWER_MS)
    this.tell(order)
    return await heard
  }

  async #hear<W extends Word['word']>(word: W, ms: number): Promise<Extract<Word, { word: W }>> {
    return await new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#child.off('message', listen)
        this.#child.off('exit', gone)
      }
      let why = ''
      const listen = (said: Word): void => {
        if (said.word === 'crashed') why = `: ${said.why}`
        if (said.word !== word) return
        done()
        resolve(said as Extract<Word, { word: W }>)
      }
      const gone = (): void => {
        done()
        reject(new Error(`${this.role.name} ended before it said "${word}"${why}`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`${this.role.name} did not say "${word}" within ${ms} ms`))
      }, ms)
      this.#child.on('message', listen)
      this.#child.once('exit', gone)
    })
  }
}
