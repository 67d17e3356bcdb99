import type { Clock, Unsubscribe } from '../contracts/index.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import { withDeadline } from '../layers/deadline.ts'

/** How long an adapter may take to subscribe or to unsubscribe; its own attempts are shorter. */
const TIMEOUT_MS = 10_000

/** A subscription that an adapter keeps open. Starting and ending it have a deadline. */
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

  get started(): boolean {
    return this.#subscribing !== undefined
  }

  /** Resolves when the first attempt has ended, successfully or not. Never rejects; may be called again after a failure. */
  async start(): Promise<void> {
    if (this.#subscribing !== undefined) return
    const subscribing = Promise.resolve().then(this.#subscribe)
    this.#subscribing = subscribing
    subscribing.catch(() => {
      if (this.#subscribing === subscribing) this.#subscribing = undefined
    })
    await this.#withDeadline('A hint channel cannot be opened', () => subscribing)
  }

  /** Never rejects. */
  async end(): Promise<void> {
    const subscribing = this.#subscribing
    if (subscribing === undefined) return
    this.#subscribing = undefined
    await this.#withDeadline('A hint channel cannot be closed', async () => {
      const unsubscribe = await subscribing
      await unsubscribe?.()
    })
  }

  async #withDeadline(what: string, work: () => Promise<unknown>): Promise<void> {
    const late = (): FlagsError => new FlagsError('CHANNEL_DOWN', `${what}: the adapter took more than ${TIMEOUT_MS / 1_000} s.`)
    try {
      await withDeadline(this.#clock, TIMEOUT_MS, work, late)
    } catch (cause) {
      this.#report(toFlagsError(cause, 'CHANNEL_DOWN', what))
    }
  }
}
