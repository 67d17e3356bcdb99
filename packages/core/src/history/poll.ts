import type { Clock } from '../contracts/index.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import type { CatchUp } from './catch-up.ts'
import type { HintChannels } from './hint-channels.ts'

/** How often the store is asked while a hint channel is alive, and while none is. */
const POLL_MS = 10_000
const POLL_WITHOUT_CHANNEL_MS = 2_000
/** How soon the log is read, at the latest, after a record from a hint of the cache was taken. */
const CONFIRM_MS = 1_000
/** So that processes started together do not poll together: up to this share of each wait is taken off. */
const JITTER = 0.2

export interface PollParts {
  readonly catchUp: CatchUp
  readonly channels: HintChannels
  readonly background: BackgroundWork
  readonly clock: Clock
}

/** Catches up from time to time, so that a lost hint only costs time. */
export class Poll {
  readonly #parts: PollParts
  readonly #listeners: (() => Promise<void>)[] = []
  #cancel: () => void = () => undefined
  #dueAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(parts: PollParts) {
    this.#parts = parts
  }

  /** Calls the listener after each poll, also after one that failed. */
  onPolled(listener: () => Promise<void>): void {
    this.#listeners.push(listener)
  }

  /** The next poll comes a full wait from now. */
  restart(): void {
    this.#schedule(Number.POSITIVE_INFINITY)
  }

  /** As `restart`, but not later than the poll was due: for when the wait has become shorter. */
  shorten(): void {
    this.#schedule(this.#dueAt)
  }

  /** The next poll comes within a second, or earlier if it was due earlier. */
  confirmSoon(): void {
    const soon = this.#parts.clock.monotonic() + jittered(CONFIRM_MS)
    this.#schedule(Math.min(this.#dueAt, soon))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #schedule(latest: number): void {
    const { channels, background, clock } = this.#parts
    this.#cancel()
    if (this.#stopped) return
    const now = clock.monotonic()
    this.#dueAt = Math.min(latest, now + jittered(channels.alive > 0 ? POLL_MS : POLL_WITHOUT_CHANNEL_MS))
    this.#cancel = background.after(Math.max(0, this.#dueAt - now), 'Flags could not be brought up to date', () => this.#poll())
  }

  async #poll(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY
    try {
      await this.#parts.catchUp.run()
    } finally {
      // A hint that came while the log was read asked for another look at it: that one stays due.
      this.shorten()
      for (const listener of this.#listeners) await listener()
    }
  }
}

function jittered(ms: number): number {
  return ms * (1 - JITTER * Math.random())
}
