import { spawn } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { unprivileged } from './process.ts'

/** The folder of one server. It goes, and the server with it, when this process ends, however it ends. */
export interface GuardedFolder {
  readonly path: string
  /** Names the process that must not outlive this one; undefined when it is gone. */
  guard(pid: number | undefined): void
  remove(): Promise<void>
}

/** An empty folder that the server's user owns. */
export async function guardedFolder(label: string): Promise<GuardedFolder> {
  const path = await mkdtemp(join(tmpdir(), `flagstone-${label}-`))
  const watchdog = startWatchdog(path)
  const { uid, gid } = unprivileged()
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
  return {
    path,
    guard: (pid) => void watchdog.write(`${pid ?? 'nobody'}\n`),
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 })
      watchdog.end('released\n')
    },
  }
}

// A shell that reads a pipe which only this process holds open, so that it notices even a SIGKILL. SIGQUIT makes PostgreSQL
// end its sessions too, which would outlive a SIGKILL for a while.
const WATCHDOG = `
pid=nobody
while read -r word; do
  [ "$word" = released ] && exit 0
  pid=$word
done
if [ "$pid" != nobody ]; then
  kill -CONT "$pid"
  kill -QUIT "$pid"
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$pid" || break
    sleep 0.2
  done
  kill -KILL "$pid"
fi
rm -rf "$1"
`

function startWatchdog(folder: string): Writable {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a session of its own, so that a signal to this process' group leaves it alone.
    detached: true,
    cwd: '/',
  })
  const pipe = watchdog.stdin
  watchdog.on('error', () => {})
  pipe.on('error', () => {})
  watchdog.unref()
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  return pipe
}
