import type { Clock } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'

/** Those who wait for a version that this process has not seen ask the store at most this often. */
const ASK_MS = 50

/**
 * What a catch-up found about a version: the store has `reached` it; it is `beyond` the store's clock; or the store could not be asked.
 */
export type Reach = 'reached' | 'beyond' | 'unknown'

export interface VersionWaitersParts {
  readonly clock: Clock
  readonly report: (error: FlagsError) => void
  /** The store's clock as this process knows it. */
  version(): number
  /** Whether the store failed a moment ago, and is left in peace. */
  isResting(): boolean
  /** Catches up; rejects with a `FlagsError`. */
  run(): Promise<void>
}

/** Who waits until this process has got to a version: one question to the store for all who ask before it goes out. */
export class VersionWaiters {
  readonly #parts: VersionWaitersParts
  /** Resolves to whether the store could be asked. */
  #asking: Promise<boolean> | undefined
  #askAt = Number.NEGATIVE_INFINITY
  readonly #waiting: (() => void)[] = []

  constructor(parts: VersionWaitersParts) {
    this.#parts = parts
  }

  /** Never rejects. It ends with whichever catch-up finds out first. */
  async at(version: number): Promise<Reach> {
    let asked: boolean | undefined
    if (version > this.#parts.version()) this.#asking ??= this.#ask()
    const answered = this.#asking?.then((well) => {
      asked = well
    })
    while (version > this.#parts.version() && asked === undefined) {
      await Promise.race([
        answered,
        new Promise<void>((resolve) => {
          this.#waiting.push(resolve)
        }),
      ])
    }
    if (version <= this.#parts.version()) return 'reached'
    return asked === true ? 'beyond' : 'unknown'
  }

  /** A catch-up has reached the store's clock. */
  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #ask(): Promise<boolean> {
    const { clock, isResting, run, report } = this.#parts
    const wait = this.#askAt - clock.monotonic()
    await new Promise<void>((resolve) => (wait > 0 ? clock.after(wait, resolve, true) : resolve()))
    this.#asking = undefined
    if (isResting()) return false
    this.#askAt = clock.monotonic() + ASK_MS
    try {
      await run()
      return true
    } catch (error) {
      report(error as FlagsError)
      return false
    }
  }
}
