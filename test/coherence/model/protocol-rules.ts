// One flag. Not in the model: a store that cannot be reached or goes back, and times; to live out one's time is to be evicted.

/** The guards of the protocol, each of which a variant can take away. */
export interface Rules {
  /**
   * `token`: a nonce, compared for equality. `none`: INVALIDATE deletes the entries, and that is all. `order`, `equal`: the fence is a
   * number, 0 where it is missing. `nx`: a token that is set only where there is none.
   */
  readonly fence: 'token' | 'none' | 'order' | 'equal' | 'nx'
  readonly loads: 'primary' | 'replica'
  /** FILL looks at the entry that counts now. */
  readonly fillChecksEntry: boolean
  /** FILL compares "as of" with the fence's version. */
  readonly fillChecksVersion: boolean
  /** When the fence must have been what it is for a change's record to follow under the next one: before its commit, after it, or never. */
  readonly successor: 'before' | 'after' | 'any'
  /** A record that follows takes the place of no entry that was loaded after its change. */
  readonly successorChecksEntry: boolean
  /** A process asks the store where it is before it trusts Redis. */
  readonly head: boolean
  readonly floors: boolean
  /** An answer is thrown away that is below what the process knows of this flag (`own`), or below the common floor too (`all`). */
  readonly delivery: 'none' | 'own' | 'all'
  /** A change detaches the loads in flight. */
  readonly detach: boolean
  /** What memory takes in counts as answered. */
  readonly installRaises: boolean
  /** What an own update or the log tells of a change does not go into memory where a hint of a later one was heard. */
  readonly remembersHints: boolean
  /** A process that sees the fence count what it knows to be overtaken raises it. */
  readonly heal: boolean
}

/** The rules as they are in `packages/`, written down a second time: no code is shared. */
export const REAL: Rules = {
  fence: 'token',
  loads: 'primary',
  fillChecksEntry: true,
  fillChecksVersion: true,
  successor: 'before',
  successorChecksEntry: true,
  head: true,
  floors: true,
  delivery: 'all',
  detach: true,
  installRaises: true,
  remembersHints: true,
  heal: true,
}

/** One process of an exploration. */
export interface ProcessKind {
  /** Whether it has an L0. */
  readonly memory: boolean
  /** Whether it updates, hears hints and reads the log; one that does not knows Redis and its own loads alone. */
  readonly learns: boolean
  /** Whether a new load may begin beside a detached one. */
  readonly overlaps: boolean
}

/** What may happen in one exploration, and how often. Evictions, reads, and late, repeated or lost messages are never bounded. */
export interface Bounds {
  readonly processes: readonly ProcessKind[]
  /** Changes of the flag. */
  readonly updates: number
  /** Changes of other flags: they only move the store's clock. */
  readonly others: number
  /** How many processes die and start anew. */
  readonly restarts: number
  readonly failovers: number
  /** Whether readers ask for a decision beside the flag. */
  readonly decisions: boolean
  /** Whether the map of floors overflows. */
  readonly overflow: boolean
}
