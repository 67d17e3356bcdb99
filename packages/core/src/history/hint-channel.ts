import { LRUCache } from 'lru-cache'
import type { Clock, Hint } from '../contracts/index.ts'
import type { Background } from '../layers/background.ts'

/** How long a channel may take to tell of a change that this process knows of. */
const GRACE_MS = 1_000
/** What a channel told is remembered of so many flags. */
const MAX_TOLD = 10_000
/** More changes than this at a time are not waited for one by one. */
const MAX_EXPECTED = 1_000

interface Expected {
  readonly version: number
  readonly dueAt: number
}

/**
 * One way of hearing of changes. That its connection is up proves little: a pooler may swallow what the store tells, a full Redis may
 * refuse to publish. So a channel that has not told a flag's latest version a second after this process knew of it is suspect, and counts as
 * down until it tells something again.
 */
export class HintChannel {
  readonly name: 'store' | 'cache'
  readonly #background: Background
  readonly #clock: Clock
  readonly #onSuspect: (missed: Hint) => void
  readonly #told = new LRUCache<string, number>({ max: MAX_TOLD })
  /** In the order in which they are due. */
  readonly #expected = new Map<string, Expected>()
  #up = false
  #suspect = false
  /** The store's clock once it was up: of what came later it must tell. */
  #since = Number.POSITIVE_INFINITY
  #cancelLook: (() => void) | undefined

  constructor(name: 'store' | 'cache', background: Background, clock: Clock, onSuspect: (missed: Hint) => void) {
    this.name = name
    this.#background = background
    this.#clock = clock
    this.#onSuspect = onSuspect
  }

  /** Whether changes can be expected to arrive by it. */
  get alive(): boolean {
    return this.#up && !this.#suspect
  }

  /** Whether no catch-up has been made since it came up. */
  get fresh(): boolean {
    return this.#up && this.#since === Number.POSITIVE_INFINITY
  }

  up(): void {
    this.down()
    this.#up = true
    this.#suspect = false
  }

  down(): void {
    this.#up = false
    this.#since = Number.POSITIVE_INFINITY
    this.#expected.clear()
    this.#cancelLook?.()
    this.#cancelLook = undefined
  }

  /** A catch-up that began after it came up ended at this version. */
  begin(version: number): void {
    this.#since = version
  }

  heard({ name, version }: Hint): void {
    this.#suspect = false
    this.#told.set(name, Math.max(version, this.#told.get(name) ?? 0))
    if ((this.#expected.get(name)?.version ?? Number.POSITIVE_INFINITY) <= version) this.#expected.delete(name)
  }

  /** The store says so: the channel should tell of each of these changes, or of a later one of the same flag. */
  expect(changes: readonly Pick<Hint, 'name' | 'version'>[]): void {
    if (!this.alive || changes.length + this.#expected.size > MAX_EXPECTED) return
    const dueAt = this.#clock.monotonic() + GRACE_MS
    for (const { name, version } of changes) {
      if (version <= this.#since || (this.#told.get(name) ?? 0) >= version) continue
      this.#expected.set(name, { version, dueAt: this.#expected.get(name)?.dueAt ?? dueAt })
    }
    this.#lookLater()
  }

  #lookLater(): void {
    const [first] = this.#expected.values()
    if (first === undefined || this.#cancelLook !== undefined) return
    const wait = Math.max(0, first.dueAt - this.#clock.monotonic())
    this.#cancelLook = this.#background.after(wait, 'A hint channel could not be watched', async () => {
      this.#cancelLook = undefined
      this.#look()
    })
  }

  #look(): void {
    const [first] = this.#expected
    if (first === undefined) return
    const [name, { version, dueAt }] = first
    if (this.#clock.monotonic() < dueAt) {
      this.#lookLater()
      return
    }
    this.#expected.clear()
    this.#suspect = true
    this.#onSuspect({ name, version })
  }
}
