import { setTimeout as sleep } from 'node:timers/promises'
import { Member } from './member.ts'
import { now, type Plan, type Status } from './protocol.ts'

const LOOK_MS = 5
const LIMIT_MS = 30_000

/** Processes that each have a client of their own. */
export class Fleet {
  readonly #members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.#members = members
  }

  static async start(size: number, plan: Plan): Promise<Fleet> {
    const started = await Promise.allSettled(Array.from({ length: size }, () => Member.start(plan)))
    const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failed = started.find((one) => one.status === 'rejected')
    if (failed === undefined) return new Fleet(members)
    await Promise.all(members.map((member) => member.kill()))
    throw failed.reason
  }

  /** When each process stamped this. Rejects where one has failed, or does not within 30 s. */
  async stamps(of: string): Promise<readonly number[]> {
    const until = now() + LIMIT_MS
    for (;;) {
      const found = this.#members.flatMap((member) => member.stamped(of) ?? [])
      if (found.length === this.#members.length) return found
      if (now() > until) throw new Error(`${found.length} of ${this.#members.length} processes have stamped "${of}" within ${LIMIT_MS} ms.`)
      await sleep(LOOK_MS)
    }
  }

  /** Resolves as soon as this can be said of each process; answers how they are then. */
  async until(what: string, condition: (status: Status) => boolean): Promise<readonly Status[]> {
    const until = now() + LIMIT_MS
    for (;;) {
      const statuses = await Promise.all(this.#members.map((member) => member.status()))
      if (statuses.every(condition)) return statuses
      if (now() > until) throw new Error(`Not within ${LIMIT_MS} ms: ${what}. ${JSON.stringify(statuses)}`)
      await sleep(LOOK_MS)
    }
  }

  async close(): Promise<void> {
    const late = this.#members.reduce((sum, member) => sum + member.late, 0)
    if (late > 0) console.log(`  ${late} answers were the last known good: PostgreSQL or Redis did not answer in time`)
    await Promise.all(this.#members.map((member) => member.close()))
  }
}
