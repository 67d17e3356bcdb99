import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { now, type WorkerCommand, type WorkerMessage, type WorkerPlan, type WorkerStatus } from './worker-messages.ts'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))
const START_MS = 60_000
const ANSWER_MS = 10_000

/** Starts and controls one worker process. */
export class WorkerHandle {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #stamps = new Map<string, number>()
  /** How many answers were the last known good, because PostgreSQL or Redis did not answer in time. */
  lateAnswers = 0
  #failure: Error | undefined
  #closing = false

  private constructor(plan: WorkerPlan) {
    this.#child = fork(PROGRAM, [JSON.stringify(plan)], { cwd: FOLDER, execArgv: ['--import', 'tsx'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (message: WorkerMessage) => {
      if (message.type === 'stamp') this.#stamps.set(message.of, message.at)
      if (message.type === 'late') this.lateAnswers++
      if (message.type === 'crashed') this.#failure = new Error(`A process failed. ${message.why}`)
    })
    this.#child.on('error', (error) => {
      this.#failure ??= error
    })
    this.#child.once('exit', (code, signal) => {
      if (!this.#closing) this.#failure ??= new Error(`A process ended by itself: ${code ?? signal}`)
    })
  }

  /** Resolves when the worker has the flag in memory. */
  static async start(plan: WorkerPlan): Promise<WorkerHandle> {
    const worker = new WorkerHandle(plan)
    try {
      await worker.#waitFor('ready', START_MS)
      await worker.#checkClock()
      return worker
    } catch (error) {
      await worker.kill()
      throw error
    }
  }

  /** When the worker reported this event; `undefined` if it has not yet. Throws if the worker has failed. */
  stamped(of: string): number | undefined {
    if (this.#failure !== undefined) throw this.#failure
    return this.#stamps.get(of)
  }

  async status(): Promise<WorkerStatus> {
    const { status } = await this.#ask('status', 'status')
    return status
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#send('close')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), ANSWER_MS)
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
    clearTimeout(timer)
  }

  async kill(): Promise<void> {
    this.#closing = true
    this.#child.kill('SIGKILL')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
  }

  /** Checks that the worker has the same clock, because times of different processes are compared. */
  async #checkClock(): Promise<void> {
    const before = now()
    const { at } = await this.#ask('clock', 'clock')
    if (at < before || at > now()) throw new Error('The processes of this machine do not share a monotonic clock.')
  }

  #send(type: WorkerCommand['type']): void {
    if (this.#child.connected) this.#child.send({ type } satisfies WorkerCommand, () => undefined)
  }

  async #ask<W extends WorkerMessage['type']>(command: WorkerCommand['type'], answer: W): Promise<Extract<WorkerMessage, { type: W }>> {
    const answered = this.#waitFor(answer, ANSWER_MS)
    this.#send(command)
    return await answered
  }

  async #waitFor<W extends WorkerMessage['type']>(type: W, ms: number): Promise<Extract<WorkerMessage, { type: W }>> {
    return await new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#child.off('message', onMessage)
        this.#child.off('exit', onExit)
      }
      const onMessage = (message: WorkerMessage): void => {
        if (message.type !== type) return
        done()
        resolve(message as Extract<WorkerMessage, { type: W }>)
      }
      const onExit = (): void => {
        done()
        reject(this.#failure ?? new Error(`A process ended before it sent "${type}".`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`A process did not send "${type}" within ${ms} ms.`))
      }, ms)
      this.#child.on('message', onMessage)
      this.#child.once('exit', onExit)
    })
  }
}
