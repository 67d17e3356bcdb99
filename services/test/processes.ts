import { setTimeout as sleep } from 'node:timers/promises'

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until a process has ended. Rejects after 8 s. */
export async function waitUntilGone(pid: number): Promise<void> {
  const until = Date.now() + 8000
  while (isAlive(pid)) {
    if (Date.now() > until) throw new Error(`process ${pid} is still there`)
    await sleep(20)
  }
}

/** Whether a promise settles within `ms`. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  return Promise.race([settled, sleep(ms, false)])
}
