import type { Change, LoadedRecord } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import type { Background } from './background.ts'
import type { SharedLayer } from './shared-layer.ts'

/** How many fences are raised at a time. */
const BATCH = 100
/** When the cache could not be reached, it is tried again after this. */
const RETRY_MS = 1_000

/** Whether an update has reached the shared cache, or will as soon as that can be reached. */
export type Propagation = 'ok' | 'deferred'

/** A fence to raise, and where it is known what may follow. */
interface Debt {
  readonly version: number
  readonly after?: LoadedRecord | undefined
  readonly token?: string
}

/** The fences that this process has to raise, each to the latest version of its flag. What fails is owed until it succeeds. */
export class Invalidations {
  readonly #shared: SharedLayer
  readonly #background: Background
  readonly #timers: boolean
  readonly #report: (error: FlagsError) => void
  readonly #owed = new Map<string, Debt>()
  #settling = false
  #cancelRetry: () => void = () => undefined

  constructor(shared: SharedLayer, background: Background, timers: boolean, report: (error: FlagsError) => void) {
    this.#shared = shared
    this.#background = background
    this.#timers = timers
    this.#report = report
  }

  /** For a change that is about to be made: what `raise` must be told, so that the new record can follow in the place of the old one. */
  async before(name: string): Promise<string | undefined> {
    return (await this.#shared.fencesOf([name])).get(name)
  }

  /** Raises the fence of what was changed, now. Never rejects: a committed update has not failed because the cache did. */
  async raise({ flag: name, version, after }: Change, token: string | undefined): Promise<Propagation> {
    if (!this.#shared.present) return 'ok'
    try {
      await this.#shared.invalidate(name, version, after, token)
      this.#paid(name, version)
      return 'ok'
    } catch (error) {
      this.#report(error as FlagsError)
      this.#remember(name, { version })
      this.#retry()
      return 'deferred'
    }
  }

  /** Raises one fence in the background; with the fence as it was before the log was read, the record that the log has told follows. */
  owe(name: string, version: number, after?: LoadedRecord, token?: string): void {
    if (!this.#shared.present) return
    this.#remember(name, token === undefined ? { version } : { version, after, token })
    if (!this.#settling) this.#background.run('An invalidation failed', () => this.settle())
  }

  /** Raises all that is owed, as far as the cache can be reached. */
  async settle(): Promise<void> {
    if (this.#settling) return
    this.#settling = true
    try {
      while (this.#owed.size > 0) {
        const batch = [...this.#owed].slice(0, BATCH)
        await Promise.all(
          batch.map(async ([name, { version, after, token }]) => {
            await this.#shared.invalidate(name, version, after, token)
            this.#paid(name, version)
          }),
        )
      }
    } catch (error) {
      this.#report(error as FlagsError)
      this.#retry()
    } finally {
      this.#settling = false
    }
  }

  /** For a store that went back: these versions are of a history that is gone. */
  forgetAll(): void {
    this.#owed.clear()
  }

  #remember(name: string, debt: Debt): void {
    if (debt.version > (this.#owed.get(name)?.version ?? 0)) this.#owed.set(name, debt)
  }

  #paid(name: string, version: number): void {
    if ((this.#owed.get(name)?.version ?? 0) <= version) this.#owed.delete(name)
  }

  #retry(): void {
    if (!this.#timers) return
    this.#cancelRetry()
    this.#cancelRetry = this.#background.after(RETRY_MS, 'An invalidation failed', () => this.settle())
  }
}
