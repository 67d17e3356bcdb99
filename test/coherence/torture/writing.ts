import { setTimeout as sleep } from 'node:timers/promises'
import { type Flags, FlagsError } from '@flagstone/core'
import type { Dice } from './dice.ts'
import { FLAGS, now } from './protocol.ts'

/** One client's writes, in bursts. */
export class Writing {
  readonly #flags: Flags
  readonly #dice: Dice
  readonly #onResolved: (version: number, at: number, propagated: boolean) => void
  #on = false
  #looping: Promise<void> | undefined

  constructor(flags: Flags, dice: Dice, onResolved: (version: number, at: number, propagated: boolean) => void) {
    this.#flags = flags
    this.#dice = dice
    this.#onResolved = onResolved
  }

  start(): void {
    this.#on = true
    this.#looping ??= this.#loop()
  }

  async stop(): Promise<void> {
    this.#on = false
    await this.#looping
    this.#looping = undefined
  }

  /** Writes every flag once more, sure to be heard: answers the version of each. */
  async finale(): Promise<readonly number[]> {
    const versions: number[] = []
    for (const flag of FLAGS) versions.push((await this.#write(flag, 'update')) ?? (await this.#write(flag, 'create')) ?? -1)
    return versions
  }

  async #loop(): Promise<void> {
    while (this.#on) {
      const burst = Array.from({ length: this.#dice.between(1, 5) }, () => this.#dice.pick(FLAGS))
      if (this.#dice.chance(0.5)) await Promise.all(burst.map((flag) => this.#any(flag)))
      else for (const flag of burst) await this.#any(flag)
      await sleep(this.#dice.between(20, 300))
    }
  }

  async #any(flag: string): Promise<void> {
    const what = this.#dice.chance(0.12) ? 'delete' : 'update'
    const written = await this.#write(flag, what)
    if (written === undefined) await this.#write(flag, 'create')
  }

  /** Answers the version, or nothing where the flag's existence or the backend was in the way. */
  async #write(flag: string, what: 'create' | 'update' | 'delete'): Promise<number | undefined> {
    const { admin } = this.#flags
    const rollout = this.#dice.between(0, 100)
    try {
      const { version, propagation } = await (what === 'delete'
        ? admin.delete(flag)
        : what === 'create'
          ? admin.create({ name: flag, rollout })
          : admin.update(flag, { rollout }))
      this.#onResolved(version, now(), propagation === 'ok')
      return version
    } catch (error) {
      // Whatever a fault brings is an answer; what is no FlagsError is a bug, and ends this process.
      if (!(error instanceof FlagsError)) throw error
      return undefined
    }
  }
}
