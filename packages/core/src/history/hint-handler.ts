import type { Hint } from '../contracts/index.ts'
import type { CatchUp } from './catch-up.ts'
import type { ChangeApplier } from './change-applier.ts'
import type { Claims } from './claims.ts'
import type { ContiguousHints } from './contiguous-hints.ts'
import type { Poll } from './poll.ts'

export interface HintHandlerParts {
  readonly catchUp: CatchUp
  readonly changeApplier: ChangeApplier
  readonly contiguousHints: ContiguousHints
  readonly claims: Claims
  readonly poll: Poll
}

/** What happens when a hint arrives. */
export class HintHandler {
  readonly #parts: HintHandlerParts

  constructor(parts: HintHandlerParts) {
    this.#parts = parts
  }

  /** A hint of the store may come before the fence is raised: only the log can tell what is true now. */
  fromStore(hint: Hint): void {
    const { changeApplier, catchUp } = this.#parts
    if (changeApplier.hint(hint) || hint.version > catchUp.clock) catchUp.follow(hint.name)
  }

  /**
   * The fence is raised before a hint of the cache is sent, so to drop the flag is enough. Where no version before it was missed, the record
   * that the hint brings is what a read of the cache would find, so it is taken. The log confirms or refutes it within a second.
   */
  fromCache(hint: Hint): void {
    const { changeApplier, catchUp, contiguousHints, claims, poll } = this.#parts
    const { name, version, flag } = hint
    const isNews = version > catchUp.clock
    const isContiguous = contiguousHints.hear(version, catchUp.clock)
    const bringsRecord = isNews && isContiguous && flag !== undefined && (flag === null || flag.version === version)
    if (bringsRecord) claims.add(name, version, version)
    changeApplier.hintAfterFence(hint, bringsRecord ? flag : undefined)
    if (!isContiguous) catchUp.request()
    else if (isNews) poll.confirmSoon()
  }
}
