import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ServerFolder } from './server-folder.ts'
import { unprivilegedUser } from './unprivileged-user.ts'

const run = promisify(execFile)

export interface ServerProcess {
  readonly pid: number
  readonly child: ChildProcess
  readonly exited: Promise<void>
}

/** Starts a server as an unprivileged user. It is killed when this process ends, also by SIGKILL. */
export function spawnServer(
  file: string,
  args: readonly string[],
  options: { readonly folder: ServerFolder; readonly env: Readonly<Record<string, string>>; readonly log: string },
): ServerProcess {
  const log = openSync(options.log, 'a')
  const child = spawn(file, args, {
    ...unprivilegedUser(),
    cwd: options.folder.path,
    env: childEnv(options.env),
    stdio: ['ignore', log, log],
    // Its own process group, so that Ctrl-C reaches only this process, which then stops the server.
    detached: true,
  })
  closeSync(log)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} cannot be started`)
  options.folder.killWithParent(pid)
  void exited.then(() => options.folder.killWithParent(undefined))
  child.unref()
  return { pid, child, exited }
}

/** Runs a program to its end as the server's user. Rejects with what it printed. */
export async function runUnprivileged(
  file: string,
  args: readonly string[],
  options: { readonly folder: ServerFolder; readonly env: Readonly<Record<string, string>> },
): Promise<void> {
  const running = run(file, args, { ...unprivilegedUser(), cwd: options.folder.path, env: childEnv(options.env), timeout: 60_000 })
  options.folder.killWithParent(running.child.pid)
  try {
    await running
  } finally {
    options.folder.killWithParent(undefined)
  }
}

function childEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', ...env }
}

/** Sends a signal. Does nothing if the process has ended. */
export function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The direct children of a process, such as the backends of a PostgreSQL server. */
export async function childrenOf(pid: number): Promise<number[]> {
  if (!existsSync('/proc/self/stat')) {
    const listed = await run('pgrep', ['-P', String(pid)]).catch(() => ({ stdout: '' }))
    return listed.stdout.split('\n').filter(Boolean).map(Number)
  }
  const children: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    // The name in parentheses may contain anything, so the fields after it are counted from its end: state, parent.
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) children.push(Number(entry))
  }
  return children
}
