import { setTimeout as sleep } from 'node:timers/promises'
import { type Flags, FlagsError } from '@flagstone/core'
import type { SeededRandom } from '../seeded-random.ts'
import { FLAGS, now } from './worker-messages.ts'

/** Writes random flags in bursts, through one client. */
export class WriteLoop {
  readonly #flags: Flags
  readonly #random: SeededRandom
  readonly #onResolved: (version: number, at: number, propagated: boolean) => void
  #on = false
  #looping: Promise<void> | undefined

  constructor(flags: Flags, random: SeededRandom, onResolved: (version: number, at: number, propagated: boolean) => void) {
    this.#flags = flags
    this.#random = random
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

  /** Updates or creates every flag once more, and returns the version of each; -1 if both failed. */
  async writeFinalUpdates(): Promise<readonly number[]> {
    const versions: number[] = []
    for (const flag of FLAGS) versions.push((await this.#write(flag, 'update')) ?? (await this.#write(flag, 'create')) ?? -1)
    return versions
  }

  async #loop(): Promise<void> {
    while (this.#on) {
      const burst = Array.from({ length: this.#random.between(1, 5) }, () => this.#random.pick(FLAGS))
      if (this.#random.chance(0.5)) await Promise.all(burst.map((flag) => this.#writeRandom(flag)))
      else for (const flag of burst) await this.#writeRandom(flag)
      await sleep(this.#random.between(20, 300))
    }
  }

  async #writeRandom(flag: string): Promise<void> {
    const what = this.#random.chance(0.12) ? 'delete' : 'update'
    const written = await this.#write(flag, what)
    if (written === undefined) await this.#write(flag, 'create')
  }

  /** Returns the version, or `undefined` if the flag exists, does not exist, or a backend failed. */
  async #write(flag: string, what: 'create' | 'update' | 'delete'): Promise<number | undefined> {
    const { admin } = this.#flags
    const rollout = this.#random.between(0, 100)
    try {
      const { version, propagation } = await (what === 'delete'
        ? admin.delete(flag)
        : what === 'create'
          ? admin.create({ name: flag, rollout })
          : admin.update(flag, { rollout }))
      this.#onResolved(version, now(), propagation === 'ok')
      return version
    } catch (error) {
      // Faults make writes fail with a FlagsError. Any other error is a bug and ends this process.
      if (!(error instanceof FlagsError)) throw error
      return undefined
    }
  }
}
