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

  /** A hint of the store may come before the fence is raised, so the log is read. */
  fromStore(hint: Hint): void {
    const { changeApplier, catchUp } = this.#parts
    if (changeApplier.applyHint(hint) || hint.version > catchUp.clock) catchUp.requestFor(hint.name)
  }

  /**
   * A hint of the cache is sent after the fence was raised, so it is enough to drop the flag. Where no version before it was missed, the record in
   * the hint is what a read of the cache would find, so memory takes it. The log confirms or refutes it within a second.
   */
  fromCache(hint: Hint): void {
    const { changeApplier, catchUp, contiguousHints, claims, poll } = this.#parts
    const { name, version, flag } = hint
    const isBeyondClock = version > catchUp.clock
    const isContiguous = contiguousHints.add(version, catchUp.clock)
    const bringsRecord = isBeyondClock && isContiguous && flag !== undefined && (flag === null || flag.version === version)
    if (bringsRecord) claims.add(name, version, version)
    changeApplier.applyHintAfterFence(hint, bringsRecord ? flag : undefined)
    if (!isContiguous) catchUp.request()
    else if (isBeyondClock) poll.confirmSoon()
  }
}
