import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '@flagstone/core'
import type { SeededRandom } from '../seeded-random.ts'
import type { AnswerLog } from './answer-log.ts'
import { type AnnouncedChange, FLAGS, now, USERS } from './worker-messages.ts'

const INTERVAL_MS = 6

/** Evaluates every flag again and again, and announced changes with a `minVersion`. Logs every answer. */
export class ReadLoop {
  readonly #process: string
  readonly #flags: Flags
  readonly #log: AnswerLog
  readonly #random: SeededRandom
  readonly #open = new Set<Promise<unknown>>()
  #on = true
  #looping: Promise<void> | undefined

  constructor(process: string, flags: Flags, log: AnswerLog, random: SeededRandom) {
    this.#process = process
    this.#flags = flags
    this.#log = log
    this.#random = random
  }

  start(): void {
    this.#looping ??= this.#loop()
  }

  /** Reads do not wait for earlier ones, since an answer may take as long as its deadline. */
  async #loop(): Promise<void> {
    while (this.#on) {
      const user = this.#random.pick(USERS)
      if (this.#open.size < 100) for (const flag of FLAGS) this.#track(this.read(flag, user))
      await sleep(INTERVAL_MS)
    }
  }

  /** Like an application that received the version of an update from another process. */
  announce(changes: readonly AnnouncedChange[]): void {
    const latest = new Map(changes.map(({ flag, version }) => [flag, version]))
    for (const [flag, minVersion] of latest) {
      if (this.#on && this.#random.chance(0.5)) this.#track(this.read(flag, this.#random.pick(USERS), minVersion))
    }
  }

  /** Returns the version; 0 if the flag is absent, -1 if no layer answered. */
  async read(flag: string, user: string, minVersion?: number): Promise<number> {
    const from = now()
    const answer = await this.#flags.evaluate(flag, user, minVersion === undefined ? {} : { minVersion })
    const at = now()
    const { version, asOf, rollout, source, reason, errorCode } = answer
    const about = { process: this.#process, flag, from, at }
    if (asOf === undefined || source === 'default') {
      this.#log.add({ kind: 'none', ...about, code: errorCode ?? reason })
      return -1
    }
    this.#log.add({
      ...{ kind: 'answer', ...about, asOf, source, stale: reason === 'STALE' },
      ...(version === undefined ? {} : { version }),
      ...(rollout === undefined ? {} : { rollout }),
      ...(minVersion === undefined ? {} : { minVersion }),
    })
    return version ?? 0
  }

  async stop(): Promise<void> {
    this.#on = false
    await this.#looping
    await Promise.all(this.#open)
  }

  #track(asked: Promise<unknown>): void {
    const open = asked.finally(() => this.#open.delete(open))
    this.#open.add(open)
  }
}
