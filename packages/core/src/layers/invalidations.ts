import type { Change, LoadedRecord } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import type { BackgroundWork } from './background-work.ts'
import type { SharedLayer } from './shared-layer.ts'

/** How many fences are raised at a time. */
const BATCH = 100
/** After how long a cache that could not be reached is tried again. */
const RETRY_MS = 1_000

/** `ok`: the update has reached the shared cache. `deferred`: it will, as soon as the cache can be reached. */
export type Propagation = 'ok' | 'deferred'

/** A fence to raise. With both `after` and `token`, the record takes the flag's place in the cache. */
interface OwedFence {
  readonly version: number
  readonly after?: LoadedRecord | undefined
  /** The fence as it was before the change was read or committed. */
  readonly token?: string
}

/** Raises fences, each to the latest version of its flag. What fails is owed until it succeeds. */
export class Invalidations {
  readonly #shared: SharedLayer
  readonly #background: BackgroundWork
  readonly #timers: boolean
  readonly #report: (error: FlagsError) => void
  readonly #owed = new Map<string, OwedFence>()
  #raising = false
  #cancelRetry: () => void = () => undefined

  constructor(shared: SharedLayer, background: BackgroundWork, timers: boolean, report: (error: FlagsError) => void) {
    this.#shared = shared
    this.#background = background
    this.#timers = timers
    this.#report = report
  }

  /** The flag's fence before a change is committed; given to `raise`, it lets the new record take the old one's place. */
  async fenceBefore(name: string): Promise<string | undefined> {
    return (await this.#shared.fencesOf([name])).get(name)
  }

  /** Raises the fence of a committed change. Never rejects: the update has not failed because the cache has. */
  async raise({ flag: name, version, after }: Change, token: string | undefined): Promise<Propagation> {
    if (!this.#shared.present) return 'ok'
    try {
      await this.#shared.invalidate(name, version, after, token)
      this.#markRaised(name, version)
      return 'ok'
    } catch (error) {
      this.#report(error as FlagsError)
      this.#remember(name, { version })
      this.#retry()
      return 'deferred'
    }
  }

  /** Raises one fence in the background. With `token`, the fence from before the log was read, the record `after` goes into the cache. */
  owe(name: string, version: number, after?: LoadedRecord, token?: string): void {
    if (!this.#shared.present) return
    this.#remember(name, token === undefined ? { version } : { version, after, token })
    if (!this.#raising) this.#background.run('An invalidation failed', () => this.raiseOwed())
  }

  /** Raises all owed fences, as far as the cache can be reached. */
  async raiseOwed(): Promise<void> {
    if (this.#raising) return
    this.#raising = true
    try {
      while (this.#owed.size > 0) {
        const batch = [...this.#owed].slice(0, BATCH)
        await Promise.all(
          batch.map(async ([name, { version, after, token }]) => {
            await this.#shared.invalidate(name, version, after, token)
            this.#markRaised(name, version)
          }),
        )
      }
    } catch (error) {
      this.#report(error as FlagsError)
      this.#retry()
    } finally {
      this.#raising = false
    }
  }

  /** The store went back: the owed versions are of a history that is gone. */
  forgetAll(): void {
    this.#owed.clear()
  }

  #remember(name: string, owed: OwedFence): void {
    if (owed.version > (this.#owed.get(name)?.version ?? 0)) this.#owed.set(name, owed)
  }

  #markRaised(name: string, version: number): void {
    if ((this.#owed.get(name)?.version ?? 0) <= version) this.#owed.delete(name)
  }

  #retry(): void {
    if (!this.#timers) return
    this.#cancelRetry()
    this.#cancelRetry = this.#background.after(RETRY_MS, 'An invalidation failed', () => this.raiseOwed())
  }
}
