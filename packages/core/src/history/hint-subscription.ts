import type { Clock, Unsubscribe } from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import { withDeadline } from '../layers/deadline.ts'

/** How long an adapter may take to subscribe or to end it; its own attempts are shorter. */
const PATIENCE_MS = 10_000

/** A subscription that an adapter keeps. Neither its beginning nor its end waits for ever. */
export class HintSubscription {
  readonly #subscribe: () => Promise<Unsubscribe> | undefined
  readonly #clock: Clock
  readonly #report: (error: FlagsError) => void
  #subscribing: Promise<Unsubscribe | undefined> | undefined

  constructor(subscribe: () => Promise<Unsubscribe> | undefined, clock: Clock, report: (error: FlagsError) => void) {
    this.#subscribe = subscribe
    this.#clock = clock
    this.#report = report
  }

  get begun(): boolean {
    return this.#subscribing !== undefined
  }

  /** Resolves when the first attempt has ended, well or badly. Never rejects; after a failure it may be called again. */
  async begin(): Promise<void> {
    if (this.#subscribing !== undefined) return
    const subscribing = Promise.resolve().then(this.#subscribe)
    this.#subscribing = subscribing
    subscribing.catch(() => {
      if (this.#subscribing === subscribing) this.#subscribing = undefined
    })
    await this.#patiently('A hint channel cannot be opened', () => subscribing)
  }

  /** Never rejects. */
  async end(): Promise<void> {
    const subscribing = this.#subscribing
    if (subscribing === undefined) return
    this.#subscribing = undefined
    await this.#patiently('A hint channel cannot be closed', async () => {
      const unsubscribe = await subscribing
      await unsubscribe?.()
    })
  }

  async #patiently(what: string, work: () => Promise<unknown>): Promise<void> {
    const late = (): FlagsError => new FlagsError('CHANNEL_DOWN', `${what}: the adapter took more than ${PATIENCE_MS / 1_000} s.`)
    try {
      await withDeadline(this.#clock, PATIENCE_MS, work, late)
    } catch (cause) {
      this.#report(toFlagsError(cause, 'CHANNEL_DOWN', what))
    }
  }
}
