import type { Background } from '../background.ts'
import { FlagsError } from '../errors.ts'
import type { SharedLayer } from '../read/shared-layer.ts'
import { titleOf } from '../records/record-key.ts'
import type { ChangeIntake } from './change-intake.ts'

/**
 * What the cache or a replica said that is ahead of the store's clock, as this process knows it. Mostly the store has moved on and this
 * process has not heard yet. But where a catch-up that began afterwards still ends below it, it never was true: the entry is corrupt, or of a
 * history that is gone. Then nothing that rests on it counts, here or in the cache.
 */
export class Doubts {
  readonly #intake: ChangeIntake
  readonly #shared: SharedLayer
  readonly #background: Background
  readonly #report: (error: FlagsError) => void
  #ahead = new Map<string, number>()

  constructor(intake: ChangeIntake, shared: SharedLayer, background: Background, report: (error: FlagsError) => void) {
    this.#intake = intake
    this.#shared = shared
    this.#background = background
    this.#report = report
  }

  /** The cache said `version` of this flag, as a fence or an "as of", or a replica did, and the store cannot be asked. */
  add(name: string, version: number): void {
    this.#ahead.set(name, Math.max(version, this.#ahead.get(name) ?? 0))
  }

  /** For a catch-up that begins: everything that was doubted before it. */
  take(): ReadonlyMap<string, number> {
    const taken = this.#ahead
    this.#ahead = new Map()
    return taken
  }

  /** For a catch-up that failed. */
  putBack(doubted: ReadonlyMap<string, number>): void {
    for (const [name, version] of doubted) this.add(name, version)
  }

  /** For a catch-up that reached the store's clock. */
  settle(doubted: ReadonlyMap<string, number>, clock: number): void {
    for (const [name, version] of doubted) if (version > clock) this.refute(name, version, clock)
  }

  /** The cache or a replica said `version`, and the store has not got there. */
  refute(name: string, version: number, clock: number): void {
    this.#intake.disown(name, clock)
    const message = `${titleOf(name)}: what the cache or a replica said is ahead of the store, ${version} against ${clock}. The cache was corrupted, or the store was restored or failed over.`
    this.#report(new FlagsError('PARSE_ERROR', message, { flag: name }))
    this.#background.run('The cache could not be cleared', () => this.#shared.forget([name]))
  }
}
