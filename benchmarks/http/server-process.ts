import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The server in its own process. */
export interface ServerProcess {
  readonly port: number
  /** The CPU time used so far, in microseconds. */
  cpuUs(): Promise<number>
  stop(): void
}

export async function startServerProcess(): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const port = await nextNumber(child)
  return {
    port,
    async cpuUs() {
      child.send('cpu')
      return await nextNumber(child)
    },
    stop: () => child.disconnect(),
  }
}

async function nextNumber(child: ChildProcess): Promise<number> {
  const [number] = (await once(child, 'message')) as [number]
  return number
}
