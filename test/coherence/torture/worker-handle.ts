import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { NetworkLinks } from './network-links.ts'
import type { WorkerCommand, WorkerMessage, WorkerPlan, WorkerRole, WorkerStatus } from './worker-messages.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))
const START_MS = 30_000
const ANSWER_MS = 20_000

/** Receives the messages that a worker sends by itself. */
export interface WorkerListener {
  committed(version: number, at: number): void
  resolved(process: string, version: number, at: number, propagated: boolean): void
  crashed(process: string, why: string): void
}

/** Starts and controls one worker process. */
export class WorkerHandle {
  readonly role: WorkerRole
  readonly links: NetworkLinks
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #expected = false

  private constructor(plan: WorkerPlan, links: NetworkLinks, listener: WorkerListener) {
    this.role = plan
    this.links = links
    this.#child = fork(PROGRAM, [JSON.stringify(plan)], { cwd: ROOT, execArgv: ['--import', 'tsx'] })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (message: WorkerMessage) => {
      if (message.type === 'committed') listener.committed(message.version, message.at)
      if (message.type === 'resolved') listener.resolved(plan.name, message.version, message.at, message.propagated)
      if (message.type === 'crashed') listener.crashed(plan.name, message.why)
    })
    this.#child.on('error', () => undefined)
    this.#child.once('exit', (code, signal) => {
      if (!this.#expected) listener.crashed(plan.name, `It exited by itself: ${code ?? signal}`)
    })
  }

  /** Resolves when the worker is ready. */
  static async start(plan: WorkerPlan, links: NetworkLinks, listener: WorkerListener): Promise<WorkerHandle> {
    const worker = new WorkerHandle(plan, links, listener)
    await worker.#waitFor('ready', START_MS).catch(async (error: unknown) => {
      await worker.kill()
      throw error
    })
    return worker
  }

  send(command: WorkerCommand): void {
    if (this.#child.connected) this.#child.send(command, () => undefined)
  }

  async status(): Promise<WorkerStatus> {
    const { status } = await this.#ask({ type: 'status' }, 'status')
    return status
  }

  async write(on: boolean): Promise<void> {
    await this.#ask({ type: 'write', on }, 'writeSwitched')
  }

  async writeFinalUpdates(): Promise<readonly number[]> {
    return (await this.#ask({ type: 'finalUpdates' }, 'finalUpdates')).versions
  }

  /** Holds up the worker's next write after its commit. Resolves with its version, or `undefined` if it writes nothing within 2 s. */
  async stall(forMs: number | null): Promise<number | undefined> {
    const stalled = this.#waitFor('stalled', 2_000).catch(() => undefined)
    this.send({ type: 'stall', forMs })
    return (await stalled)?.version
  }

  /** Sends SIGKILL and waits for the exit. */
  async kill(): Promise<void> {
    this.#expected = true
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Resolves when the process has exited by itself, which it only does if no handle is open. Rejects if it does not exit. */
  async close(): Promise<void> {
    await this.#ask({ type: 'close' }, 'closed')
    this.#expected = true
    const late = AbortSignal.timeout(ANSWER_MS)
    if (this.#child.exitCode === null) await once(this.#child, 'exit', { signal: late })
    if (this.#child.exitCode !== 0) throw new Error(`${this.role.name} ended with ${this.#child.exitCode ?? this.#child.signalCode}`)
  }

  async #ask<W extends WorkerMessage['type']>(command: WorkerCommand, answer: W): Promise<Extract<WorkerMessage, { type: W }>> {
    const answered = this.#waitFor(answer, ANSWER_MS)
    this.send(command)
    return await answered
  }

  async #waitFor<W extends WorkerMessage['type']>(type: W, ms: number): Promise<Extract<WorkerMessage, { type: W }>> {
    return await new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#child.off('message', onMessage)
        this.#child.off('exit', onExit)
      }
      let why = ''
      const onMessage = (message: WorkerMessage): void => {
        if (message.type === 'crashed') why = `: ${message.why}`
        if (message.type !== type) return
        done()
        resolve(message as Extract<WorkerMessage, { type: W }>)
      }
      const onExit = (): void => {
        done()
        reject(new Error(`${this.role.name} ended before it sent "${type}"${why}`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`${this.role.name} did not send "${type}" within ${ms} ms`))
      }, ms)
      this.#child.on('message', onMessage)
      this.#child.once('exit', onExit)
    })
  }
}
