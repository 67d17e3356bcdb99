import { spawn } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { unprivilegedUser } from './unprivileged-user.ts'

/** The temporary folder of one server. When this process ends, also by SIGKILL, the server is killed and the folder removed. */
export interface ServerFolder {
  readonly path: string
  /** Sets the process to kill when this one ends; `undefined` after it has ended. */
  killWithParent(pid: number | undefined): void
  remove(): Promise<void>
}

/** Creates an empty folder that the server's user owns. */
export async function createServerFolder(label: string): Promise<ServerFolder> {
  const path = await mkdtemp(join(tmpdir(), `flagstone-${label}-`))
  const watchdog = startWatchdog(path)
  const { uid, gid } = unprivilegedUser()
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
  return {
    path,
    killWithParent: (pid) => void watchdog.write(`${pid ?? 'nobody'}\n`),
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 })
      watchdog.end('released\n')
    },
  }
}

// A shell reads a pipe that only this process holds open, so it notices when this process ends, even by SIGKILL. It sends SIGQUIT first,
// because after a SIGKILL the sessions of PostgreSQL would live on for a while.
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
    // Its own session, so that a signal to the group of this process does not reach it.
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
