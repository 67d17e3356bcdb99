import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { waitUntilGone } from './processes.ts'

const host = fileURLToPath(new URL('./server-lifetime-host.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

interface Started {
  readonly child: ChildProcess
  readonly pids: readonly number[]
  readonly folders: readonly string[]
}

/** A process that starts both servers, prints their pids and folders, and then waits, ends or throws. */
async function startHost(then: 'wait' | 'end' | 'throw'): Promise<Started> {
  const child = spawn(process.execPath, ['--import', tsx, host, then], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, ...(JSON.parse(line.toString()) as { pids: number[]; folders: string[] }) }
}

async function expectNothingLeft({ pids, folders }: Started): Promise<void> {
  await Promise.all(pids.map(waitUntilGone))
  const until = Date.now() + 5000
  while (folders.some((folder) => existsSync(folder)) && Date.now() < until) await sleep(20)
  expect(folders.filter((folder) => existsSync(folder))).toEqual([])
}

test.concurrent.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'servers and their folders are removed when their process gets %s',
  async (name) => {
    const started = await startHost('wait')
    started.child.kill(name)
    await expectNothingLeft(started)
  },
)

test.concurrent.each(['end', 'throw'] as const)(
  'servers that a process did not stop are removed, and do not keep it alive (%s)',
  async (then) => {
    const started = await startHost(then)
    if (started.child.exitCode === null) await once(started.child, 'exit')
    expect(started.child.exitCode).toBe(then === 'end' ? 0 : 1)
    await expectNothingLeft(started)
  },
)
