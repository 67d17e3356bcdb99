import { LRUCache } from 'lru-cache'
import { FlagsError } from '../errors/flags-error.ts'
import type { Background } from '../layers/background.ts'
import type { SharedLayer } from '../layers/shared-layer.ts'
import { titleOf } from '../validate/record-key.ts'
import type { ChangeApplier } from './change-applier.ts'

const MAX_CLAIMS = 10_000

/** What somebody said of a flag that the log has not told of yet. */
interface Claim {
  /** The "as of", or the version of the fence. */
  readonly asOf: number
  /** The latest change of this very flag that it speaks of; 0 where it names none. */
  readonly change: number
}

/** What a catch-up has found: the latest version of each flag that changed after `since`, up to the clock; no log where it did not read one. */
export interface Found {
  readonly since: number
  readonly logged: ReadonlyMap<string, number> | undefined
  readonly clock: number
}

/**
 * What this process was told that is ahead of the store's clock as it knows it: by the cache, by a hint, by a replica, or in a load. Mostly the
 * store has moved on and this process has not heard yet. But where a catch-up that began afterwards ends below it, or the log has got past the
 * change that it speaks of without telling of it, it never was true, or is of a history that is gone. Then nothing that rests on it counts, here or
 * in the cache.
 */
export class Claims {
  readonly #changeApplier: ChangeApplier
  readonly #shared: SharedLayer
  readonly #background: Background
  readonly #report: (error: FlagsError) => void
  readonly #claims = new LRUCache<string, Claim>({ max: MAX_CLAIMS })

  constructor(changeApplier: ChangeApplier, shared: SharedLayer, background: Background, report: (error: FlagsError) => void) {
    this.#changeApplier = changeApplier
    this.#shared = shared
    this.#background = background
    this.#report = report
  }

  add(name: string, asOf: number, change: number): void {
    const held = this.#claims.get(name)
    // A claim that is made again is as old as it was.
    if (held !== undefined && held.asOf >= asOf && held.change >= change) return
    this.#claims.set(name, { asOf: Math.max(asOf, held?.asOf ?? 0), change: Math.max(change, held?.change ?? 0) })
  }

  /** For a catch-up that begins: everything that was claimed before it. */
  before(): ReadonlyMap<string, Claim> {
    return new Map(this.#claims.entries())
  }

  /** For a catch-up that reached the store's clock. */
  settle(before: ReadonlyMap<string, Claim>, { since, logged, clock }: Found): void {
    for (const [name, claim] of [...this.#claims.entries()]) {
      const isPassed = claim.asOf > clock && before.get(name) === claim
      const isUntold = logged !== undefined && claim.change > since && claim.change <= clock && (logged.get(name) ?? 0) < claim.change
      if (isPassed || isUntold) this.refute(name, Math.max(claim.asOf, claim.change), clock)
      else if (claim.asOf <= clock) this.#claims.delete(name)
    }
  }

  /** For a store that went back: nothing of what was claimed is believed any more, here or in the cache. */
  forgetAll(): void {
    this.#claims.clear()
  }

  /** It was said that the flag is at `version`, or "as of" it, and the store knows nothing of that. */
  refute(name: string, version: number, clock: number): void {
    this.#claims.delete(name)
    this.#changeApplier.discard(name, clock)
    const message = `${titleOf(name)}: what was said of it, ${version}, is nothing that the store knows, at ${clock}. The cache was corrupted, or the store was restored or failed over.`
    this.#report(new FlagsError('PARSE_ERROR', message, { flag: name }))
    this.#background.run('The cache could not be cleared', () => this.#shared.forget([name]))
  }
}
