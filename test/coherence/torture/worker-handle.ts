import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type TcpProxy, tcpProxy } from '@flagstone/services'
import type { WorkerCommand, WorkerMessage, WorkerPlan, WorkerRole, WorkerStatus } from './worker-messages.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))
const START_MS = 30_000
const ANSWER_MS = 20_000

/** How one worker reaches the services: whatever happens to its network happens to it alone. */
export interface NetworkLinks {
  readonly postgres: TcpProxy
  /** Where it LISTENs, apart, so that it can be deaf without being blind. */
  readonly listen: TcpProxy
  readonly redis: TcpProxy
}

export async function openNetworkLinks(postgresPort: number, redisPort: number): Promise<NetworkLinks> {
  const [postgres, listen, redis] = await Promise.all([tcpProxy(postgresPort), tcpProxy(postgresPort), tcpProxy(redisPort)])
  return { postgres, listen, redis }
}

export function healNetworkLinks({ postgres, listen, redis }: NetworkLinks): void {
  for (const link of [postgres, listen, redis]) link.heal()
}

/** What a worker says without being asked. */
export interface WorkerListener {
  committed(version: number, at: number): void
  resolved(process: string, version: number, at: number, propagated: boolean): void
  crashed(process: string, why: string): void
}

/** The parent's hold on one worker. */
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
      if (!this.#expected) listener.crashed(plan.name, `It ended by itself: ${code ?? signal}`)
    })
  }

  /** Resolves when it answers. */
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

  /** Resolves with the version that is committed and goes no further; with nothing where none was written in time. */
  async stall(forMs: number | null): Promise<number | undefined> {
    const stalled = this.#waitFor('stalled', 2_000).catch(() => undefined)
    this.send({ type: 'stall', forMs })
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
