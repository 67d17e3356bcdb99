import { LRUCache } from 'lru-cache'
import { FlagsError } from '../errors/flags-error.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import type { SharedLayer } from '../layers/shared-layer.ts'
import { titleOf } from '../validate/record-key.ts'
import type { ChangeApplier } from './change-applier.ts'

const MAX_CLAIMS = 10_000

/** A version or an "as of" of a flag above the known clock, which the log has not confirmed yet. */
interface Claim {
  /** The "as of", or the version of the fence. */
  readonly asOf: number
  /** The version of the latest change of this flag that it implies; 0 where it implies none. */
  readonly change: number
}

/** What a catch-up has read. */
export interface CatchUpResult {
  /** The clock before it. */
  readonly since: number
  /** The latest version of each name that changed after `since`; `undefined` where no log was read. */
  readonly changedInLog: ReadonlyMap<string, number> | undefined
  /** The clock after it. */
  readonly clock: number
}

/**
 * What the cache, a hint, a replica or a load has said beyond the store's clock as this process knows it. Mostly the store has moved on and this
 * process has not read the log yet. A claim is refuted where a catch-up that began after it ends below it, or where the log has passed its change
 * without having it: it was never committed, or belongs to a lost history. Then what rests on it is removed, here and in the cache.
 */
export class Claims {
  readonly #changeApplier: ChangeApplier
  readonly #shared: SharedLayer
  readonly #background: BackgroundWork
  readonly #report: (error: FlagsError) => void
  readonly #claims = new LRUCache<string, Claim>({ max: MAX_CLAIMS })

  constructor(changeApplier: ChangeApplier, shared: SharedLayer, background: BackgroundWork, report: (error: FlagsError) => void) {
    this.#changeApplier = changeApplier
    this.#shared = shared
    this.#background = background
    this.#report = report
  }

  add(name: string, asOf: number, change: number): void {
    const held = this.#claims.get(name)
    // A repeated claim keeps its object, so that `settle` sees that it was made before the catch-up.
    if (held !== undefined && held.asOf >= asOf && held.change >= change) return
    this.#claims.set(name, { asOf: Math.max(asOf, held?.asOf ?? 0), change: Math.max(change, held?.change ?? 0) })
  }

  /** To be taken before a catch-up. */
  all(): ReadonlyMap<string, Claim> {
    return new Map(this.#claims.entries())
  }

  /** Confirms or refutes claims after a catch-up; `before` are those that were made before it began. */
  settle(before: ReadonlyMap<string, Claim>, { since, changedInLog, clock }: CatchUpResult): void {
    for (const [name, claim] of [...this.#claims.entries()]) {
      const isBeyondClock = claim.asOf > clock && before.get(name) === claim
      const isInRange = claim.change > since && claim.change <= clock
      const isNotInLog = changedInLog !== undefined && isInRange && (changedInLog.get(name) ?? 0) < claim.change
      if (isBeyondClock || isNotInLog) this.refute(name, Math.max(claim.asOf, claim.change), clock)
      else if (claim.asOf <= clock) this.#claims.delete(name)
    }
  }

  /** The store went back: claims about the lost history are void. */
  forgetAll(): void {
    this.#claims.clear()
  }

  /** The flag was said to be at, or "as of", `version`, and the store at `clock` does not confirm it. Removes what rests on it, and reports it. */
  refute(name: string, version: number, clock: number): void {
    this.#claims.delete(name)
    this.#changeApplier.discard(name, clock)
    const claim = `${titleOf(name)}: version ${version} was claimed, but the store, at version ${clock}, does not confirm it.`
    const message = `${claim} The cache was corrupted, or the store was restored or failed over.`
    this.#report(new FlagsError('PARSE_ERROR', message, { flag: name }))
    this.#background.run('The cache could not be cleared', () => this.#shared.forget([name]))
  }
}
