import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { GuardedFolder } from './guarded-folder.ts'

const NOBODY = { uid: 65534, gid: 65534 }
const run = promisify(execFile)

/** PostgreSQL refuses to run as root, and nothing here needs root: started by root, servers run as nobody. */
export function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? NOBODY : {}
}

export interface Spawned {
  readonly pid: number
  readonly child: ChildProcess
  readonly exited: Promise<void>
}

/** Starts a server as an unprivileged user. It dies with this process, however this process ends. */
export function spawnServer(
  file: string,
  args: readonly string[],
  options: { readonly folder: GuardedFolder; readonly env: Readonly<Record<string, string>>; readonly log: string },
): Spawned {
  const log = openSync(options.log, 'a')
  const child = spawn(file, args, {
    ...unprivileged(),
    cwd: options.folder.path,
    env: childEnv(options.env),
    stdio: ['ignore', log, log],
    // In a process group of its own, so that Ctrl-C reaches this process first and the server only through it.
    detached: true,
  })
  closeSync(log)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} cannot be started`)
  options.folder.guard(pid)
  void exited.then(() => options.folder.guard(undefined))
  child.unref()
  return { pid, child, exited }
}

/** Runs a program to its end as the server's user; rejects with what it printed. */
export async function runUnprivileged(
  file: string,
  args: readonly string[],
  options: { readonly folder: GuardedFolder; readonly env: Readonly<Record<string, string>> },
): Promise<void> {
  const running = run(file, args, { ...unprivileged(), cwd: options.folder.path, env: childEnv(options.env), timeout: 60_000 })
  options.folder.guard(running.child.pid)
  try {
    await running
  } finally {
    options.folder.guard(undefined)
  }
}

function childEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', ...env }
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The direct children of a process: a PostgreSQL server's backends. */
export async function childrenOf(pid: number): Promise<number[]> {
  if (!existsSync('/proc/self/stat')) {
    const listed = await run('pgrep', ['-P', String(pid)]).catch(() => ({ stdout: '' }))
    return listed.stdout.split('\n').filter(Boolean).map(Number)
  }
  const children: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    // The name in parentheses may hold anything, so the fields count from its end: state, parent.
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) children.push(Number(entry))
  }
  return children
}
