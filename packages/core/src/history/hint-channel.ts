import { LRUCache } from 'lru-cache'
import type { Clock, Hint } from '../contracts/index.ts'
import type { BackgroundWork } from '../layers/background-work.ts'

/** How long the hint of a known change may take. */
const GRACE_MS = 1_000
/** For how many flags the last hinted version is remembered. */
const MAX_HEARD = 10_000
/** While more changes than this are expected, no further ones are. */
const MAX_EXPECTED = 1_000

/** A change whose hint has not come yet. */
interface Expected {
  readonly version: number
  readonly dueAt: number
}

/**
 * One of the two ways by which hints arrive. That its connection is up proves little: a pooler may swallow notifications, a full Redis may refuse to
 * publish. A channel that has not sent the hint of a change a second after this process knew of the change is suspect: it counts as down until the
 * next hint.
 */
export class HintChannel {
  readonly name: 'store' | 'cache'
  readonly #background: BackgroundWork
  readonly #clock: Clock
  readonly #onSuspect: (missed: Hint) => void
  /** The highest version that was hinted for each flag. */
  readonly #heard = new LRUCache<string, number>({ max: MAX_HEARD })
  /** In the order in which they are due. */
  readonly #expected = new Map<string, Expected>()
  #up = false
  /** How often it has come up. */
  #connection = 0
  #suspect = false
  /** The clock of the first catch-up since it came up: hints of later changes are expected. */
  #expectAfter = Number.POSITIVE_INFINITY
  #cancelCheck: (() => void) | undefined

  constructor(name: 'store' | 'cache', background: BackgroundWork, clock: Clock, onSuspect: (missed: Hint) => void) {
    this.name = name
    this.#background = background
    this.#clock = clock
    this.#onSuspect = onSuspect
  }

  /** Whether hints can be expected from it. */
  get alive(): boolean {
    return this.#up && !this.#suspect
  }

  /** Whether it is up and no catch-up that began after that has ended. */
  get awaitsCatchUp(): boolean {
    return this.#up && this.#expectAfter === Number.POSITIVE_INFINITY
  }

  markUp(): void {
    this.markDown()
    this.#up = true
    this.#connection++
    this.#suspect = false
  }

  markDown(): void {
    this.#up = false
    this.#expectAfter = Number.POSITIVE_INFINITY
    this.#expected.clear()
    this.#cancelCheck?.()
    this.#cancelCheck = undefined
  }

  /** To be taken before a catch-up, and called with the version that it ended at: hints of later changes are expected, unless the channel was down since. */
  afterCatchUp(): (version: number) => void {
    const connection = this.#connection
    return (version) => {
      if (this.#up && this.#connection === connection) this.#expectAfter = version
    }
  }

  noteHint({ name, version }: Hint): void {
    this.#suspect = false
    this.#heard.set(name, Math.max(version, this.#heard.get(name) ?? 0))
    if ((this.#expected.get(name)?.version ?? Number.POSITIVE_INFINITY) <= version) this.#expected.delete(name)
  }

  /** Expects a hint of each of these changes, or of a later one of the same flag. */
  expect(changes: readonly Pick<Hint, 'name' | 'version'>[]): void {
    if (!this.alive || changes.length + this.#expected.size > MAX_EXPECTED) return
    const dueAt = this.#clock.monotonic() + GRACE_MS
    for (const { name, version } of changes) {
      if (version <= this.#expectAfter || (this.#heard.get(name) ?? 0) >= version) continue
      this.#expected.set(name, { version, dueAt: this.#expected.get(name)?.dueAt ?? dueAt })
    }
    this.#checkLater()
  }

  #checkLater(): void {
    const [first] = this.#expected.values()
    if (first === undefined || this.#cancelCheck !== undefined) return
    const wait = Math.max(0, first.dueAt - this.#clock.monotonic())
    this.#cancelCheck = this.#background.after(wait, 'A hint channel could not be watched', async () => {
      this.#cancelCheck = undefined
      this.#checkOverdue()
    })
  }

  #checkOverdue(): void {
    const [first] = this.#expected
    if (first === undefined) return
    const [name, { version, dueAt }] = first
    if (this.#clock.monotonic() < dueAt) {
      this.#checkLater()
      return
    }
    this.#expected.clear()
    this.#suspect = true
    this.#onSuspect({ name, version })
  }
}
