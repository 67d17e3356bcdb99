import { setTimeout as sleep } from 'node:timers/promises'
import { WorkerHandle } from './worker-handle.ts'
import { now, type WorkerPlan, type WorkerStatus } from './worker-messages.ts'

const POLL_INTERVAL_MS = 5
const LIMIT_MS = 30_000

/** Worker processes, each with its own client. */
export class Fleet {
  readonly #workers: readonly WorkerHandle[]

  private constructor(workers: readonly WorkerHandle[]) {
    this.#workers = workers
  }

  static async start(size: number, plan: WorkerPlan): Promise<Fleet> {
    const started = await Promise.allSettled(Array.from({ length: size }, () => WorkerHandle.start(plan)))
    const workers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failed = started.find((one) => one.status === 'rejected')
    if (failed === undefined) return new Fleet(workers)
    await Promise.all(workers.map((worker) => worker.kill()))
    throw failed.reason
  }

  /** When each worker reported this event. Rejects if one has failed, or does not report within 30 s. */
  async stamps(of: string): Promise<readonly number[]> {
    const until = now() + LIMIT_MS
    for (;;) {
      const found = this.#workers.flatMap((worker) => worker.stamped(of) ?? [])
      if (found.length === this.#workers.length) return found
      if (now() > until) throw new Error(`${found.length} of ${this.#workers.length} workers have reported "${of}" within ${LIMIT_MS} ms.`)
      await sleep(POLL_INTERVAL_MS)
    }
  }

  /** Waits until the condition holds for every worker. Resolves with their status. */
  async until(what: string, condition: (status: WorkerStatus) => boolean): Promise<readonly WorkerStatus[]> {
    const until = now() + LIMIT_MS
    for (;;) {
      const statuses = await Promise.all(this.#workers.map((worker) => worker.status()))
      if (statuses.every(condition)) return statuses
      if (now() > until) throw new Error(`Not within ${LIMIT_MS} ms: ${what}. ${JSON.stringify(statuses)}`)
      await sleep(POLL_INTERVAL_MS)
    }
  }

  async close(): Promise<void> {
    const late = this.#workers.reduce((sum, worker) => sum + worker.lateAnswers, 0)
    if (late > 0) console.log(`  ${late} answers were the last known good: PostgreSQL or Redis did not answer in time`)
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}
