// The model has one flag. It leaves out a store that is unreachable or goes back, and time: an entry that expires counts as evicted.

/** The guards of the protocol. A variant removes one or more. */
export interface Rules {
  /**
   * `token`: a nonce, compared for equality. `none`: INVALIDATE deletes the entries, and that is all. `order`, `equal`: the fence is a
   * number, 0 where it is missing. `nx`: a token that is set only where there is none.
   */
  readonly fence: 'token' | 'none' | 'order' | 'equal' | 'nx'
  readonly loads: 'primary' | 'replica'
  /** FILL checks the current valid entry. */
  readonly fillChecksEntry: boolean
  /** FILL compares "as of" with the fence's version. */
  readonly fillChecksVersion: boolean
  /** When the writer must have read the fence for its record to be stored with the invalidation: before its commit, after it, or never. */
  readonly updatedRecord: 'before' | 'after' | 'any'
  /** The record of an invalidation does not replace an entry that was loaded after its change. */
  readonly successorChecksEntry: boolean
  /** A process reads the store's clock before it trusts Redis. */
  readonly head: boolean
  readonly floors: boolean
  /** An answer is rejected when it is delivered if it is below the flag's floor. */
  readonly delivery: boolean
  /** A change detaches the loads in flight. */
  readonly detach: boolean
  /** A value that is stored in memory counts as answered. */
  readonly installRaises: boolean
  /** A record of an own update or the log is not stored in memory if a hint of a later change was received. */
  readonly remembersHints: boolean
  /** A process that knows a newer change than the fence raises the fence. */
  readonly heal: boolean
}

/** The rules as in `packages/`. They are written a second time here, and share no code. */
export const REAL: Rules = {
  fence: 'token',
  loads: 'primary',
  fillChecksEntry: true,
  fillChecksVersion: true,
  updatedRecord: 'before',
  successorChecksEntry: true,
  head: true,
  floors: true,
  delivery: true,
  detach: true,
  installRaises: true,
  remembersHints: true,
  heal: true,
}

/** A kind of process in an exploration. */
export interface ProcessKind {
  /** Whether it has a memory (L0). */
  readonly memory: boolean
  /** Whether it updates, receives hints and reads the log. If not, it only sees Redis and its own loads. */
  readonly learns: boolean
  /** Whether a new load may start while a detached one is running. */
  readonly overlaps: boolean
}

/** What may happen in one exploration, and how often. Evictions, reads, and late, repeated or lost messages are never bounded. */
export interface Bounds {
  readonly processes: readonly ProcessKind[]
  /** Changes of the flag. */
  readonly updates: number
  /** Changes of other flags, which only move the store's clock. */
  readonly others: number
  /** How many processes crash and restart. */
  readonly restarts: number
  readonly failovers: number
  /** Whether readers also ask for a decision. */
  readonly decisions: boolean
}
