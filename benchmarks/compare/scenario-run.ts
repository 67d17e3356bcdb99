import { randomBytes } from 'node:crypto'
import { type PrivateService, type TcpProxy, tcpProxy } from '@flagstone/services'
import { OLD } from './flag-value.ts'
import type { Library, LibraryProcess } from './library.ts'
import { RedisWithoutErrorOutput } from './redis-without-error-output.ts'
import { SourceOfTruth } from './source-of-truth.ts'

/** The environment of one run of a scenario: a source of truth, a flag, and processes of one library on one Redis. */
export interface ScenarioRun {
  readonly source: SourceOfTruth
  /** Processes that were started with it reach Redis through it. */
  readonly proxy: TcpProxy
  /** Starts a process. Resolves when it has subscribed. */
  startProcess(proxy?: TcpProxy): Promise<LibraryProcess>
  /** Resolves when all messages that were published, or passed by the proxy, before this call have arrived. */
  waitUntilDelivered(): Promise<void>
  end(): Promise<void>
}

export async function openScenarioRun(library: Library, redis: PrivateService): Promise<ScenarioRun> {
  const key = `flag-${randomBytes(6).toString('hex')}`
  const source = new SourceOfTruth(key, OLD)
  const proxy = await tcpProxy(redis.port)
  const direct = new RedisWithoutErrorOutput(redis.port)
  const marker = new RedisWithoutErrorOutput(proxy.port)
  const processes: LibraryProcess[] = []
  await marker.subscribe(`marker-${key}`)

  const subscribed = async (): Promise<boolean> => {
    const list = String(await direct.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    return list.trim().split('\n').length >= 1 + processes.length * library.subscribers
  }
  return {
    source,
    proxy,
    async startProcess(through) {
      const started = await library.start({ port: through?.port ?? redis.port, key, source })
      processes.push(started)
      while (!(await subscribed())) await new Promise((resolve) => setTimeout(resolve, 5))
      return started
    },
    async waitUntilDelivered() {
      const heard = new Promise((resolve) => marker.once('message', resolve))
      // Repeats the marker until it arrives, because its connection may also have been lost.
      const publish = setInterval(() => void direct.publish(`marker-${key}`, ''), 5)
      await heard
      clearInterval(publish)
    },
    async end() {
      proxy.heal()
      await Promise.all(processes.map((each) => each.end()))
      marker.disconnect()
      direct.disconnect()
      await proxy.close()
    },
  }
}
