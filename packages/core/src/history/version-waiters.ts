import type { Clock } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'

/** The store is asked for a version that this process has not seen at most this often. */
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
  /** Whether the store has just failed and must not be asked yet. */
  isResting(): boolean
  /** Catches up; rejects with a `FlagsError`. */
  run(): Promise<void>
}

/** The calls that wait until this process has reached a version. One catch-up serves all that wait before it begins. */
export class VersionWaiters {
  readonly #parts: VersionWaitersParts
  /** The catch-up that the waiting calls share; resolves to whether the store could be asked. */
  #asking: Promise<boolean> | undefined
  #askAt = Number.NEGATIVE_INFINITY
  readonly #waiting: (() => void)[] = []

  constructor(parts: VersionWaitersParts) {
    this.#parts = parts
  }

  /** Resolves with the first catch-up, of whatever cause, that answers it. Never rejects. */
  async waitFor(version: number): Promise<Reach> {
    let asked: boolean | undefined
    if (version > this.#parts.version()) this.#asking ??= this.#ask()
    const answered = this.#asking?.then((succeeded) => {
      asked = succeeded
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
