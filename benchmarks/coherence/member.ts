import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { now, type Order, type Plan, type Status, type Word } from './protocol.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./process.ts', import.meta.url))
const START_MS = 60_000
const ANSWER_MS = 10_000

/** The parent's hold on one process of a fleet. */
export class Member {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #stamps = new Map<string, number>()
  /** How many answers were the last known good, because PostgreSQL or Redis did not answer in time. */
  late = 0
  #failure: Error | undefined
  #closing = false

  private constructor(plan: Plan) {
    this.#child = fork(PROGRAM, [JSON.stringify(plan)], { cwd: FOLDER, execArgv: ['--import', 'tsx'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (word: Word) => {
      if (word.word === 'stamp') this.#stamps.set(word.of, word.at)
      if (word.word === 'late') this.late++
      if (word.word === 'crashed') this.#failure = new Error(`A process failed. ${word.why}`)
    })
    this.#child.on('error', (error) => {
      this.#failure ??= error
    })
    this.#child.once('exit', (code, signal) => {
      if (!this.#closing) this.#failure ??= new Error(`A process ended by itself: ${code ?? signal}`)
    })
  }

  /** Resolves when it has the flag in memory. */
  static async start(plan: Plan): Promise<Member> {
    const member = new Member(plan)
    try {
      await member.#hear('ready', START_MS)
      await member.#checkClock()
      return member
    } catch (error) {
      await member.kill()
      throw error
    }
  }

  /** When it stamped this; `undefined` as long as it has not. Throws where the process has failed. */
  stamped(of: string): number | undefined {
    if (this.#failure !== undefined) throw this.#failure
    return this.#stamps.get(of)
  }

  async status(): Promise<Status> {
    const { status } = await this.#ask('status', 'status')
    return status
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#tell('close')
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), ANSWER_MS)
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
    clearTimeout(patience)
  }

  async kill(): Promise<void> {
    this.#closing = true
    this.#child.kill('SIGKILL')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
  }

  /** Its stamps are compared with those of others. */
  async #checkClock(): Promise<void> {
    const before = now()
    const { at } = await this.#ask('clock', 'clock')
    if (at < before || at > now()) throw new Error('The processes of this machine do not share a monotonic clock.')
  }

  #tell(order: Order['order']): void {
    if (this.#child.connected) this.#child.send({ order } satisfies Order, () => undefined)
  }

  async #ask<W extends Word['word']>(order: Order['order'], word: W): Promise<Extract<Word, { word: W }>> {
    const heard = this.#hear(word, ANSWER_MS)
    this.#tell(order)
    return await heard
  }

  async #hear<W extends Word['word']>(word: W, ms: number): Promise<Extract<Word, { word: W }>> {
    return await new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#child.off('message', listen)
        this.#child.off('exit', gone)
      }
      const listen = (said: Word): void => {
        if (said.word !== word) return
        done()
        resolve(said as Extract<Word, { word: W }>)
      }
      const gone = (): void => {
        done()
        reject(this.#failure ?? new Error(`A process ended before it said "${word}".`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`A process did not say "${word}" within ${ms} ms.`))
      }, ms)
      this.#child.on('message', listen)
      this.#child.once('exit', gone)
    })
  }
}
