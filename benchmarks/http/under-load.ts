import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The server in its own process. */
export interface UnderLoad {
  readonly port: number
  /** The CPU time that it has used so far, in microseconds. */
  cpuUs(): Promise<number>
  stop(): void
}

export async function startServer(): Promise<UnderLoad> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const port = await said(child)
  return {
    port,
    async cpuUs() {
      child.send('cpu')
      return await said(child)
    },
    stop: () => child.disconnect(),
  }
}

async function said(child: ChildProcess): Promise<number> {
  const [number] = (await once(child, 'message')) as [number]
  return number
}
