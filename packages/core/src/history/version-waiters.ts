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
  /** Resolves with the next catch-up, of whatever cause, that reaches the store's clock. */
  #caughtUp: Promise<void>
  #wake: () => void = () => undefined
  #race: { readonly asking: Promise<boolean>; readonly promise: Promise<boolean | undefined> } | undefined

  constructor(parts: VersionWaitersParts) {
    this.#parts = parts
    this.#caughtUp = this.#nextCatchUp()
  }

  /** Resolves with the first catch-up, of whatever cause, that answers it. Never rejects. */
  async waitFor(version: number): Promise<Reach> {
    if (version <= this.#parts.version()) return 'reached'
    this.#asking ??= this.#ask()
    const asking = this.#asking
    let answer: boolean | undefined
    while (version > this.#parts.version() && answer === undefined) {
      // One promise for all who wait, so that a call that gives up leaves nothing behind.
      answer = await this.#askedOrCaughtUp(asking)
    }
    if (version <= this.#parts.version()) return 'reached'
    return answer === true ? 'beyond' : 'unknown'
  }

  /** A catch-up has reached the store's clock. */
  wake(): void {
    this.#wake()
    this.#caughtUp = this.#nextCatchUp()
    this.#race = undefined
  }

  /** What `asking` resolves to, or `undefined` when a catch-up of another cause was quicker. */
  #askedOrCaughtUp(asking: Promise<boolean>): Promise<boolean | undefined> {
    if (this.#race?.asking !== asking) {
      const caughtUp = this.#caughtUp.then(() => undefined)
      this.#race = { asking, promise: Promise.race([asking, caughtUp]) }
    }
    return this.#race.promise
  }

  #nextCatchUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
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
