/** What Redis keeps of a flag as its fence. A nonce is never used twice, so two fences are one only if their nonces are equal. */
export interface Fence {
  readonly version: number
  readonly nonce: number
}

/** A cached value: the token that it was filled with and the store's clock when it was loaded. */
export interface Entry {
  readonly nonce: number
  readonly asOf: number
}

/** The decision is that of one user; INVALIDATE unlinks the flag and leaves the decision to the fence. */
export interface Redis {
  readonly fence: Fence | null
  readonly flag: Entry | null
  readonly decision: Entry | null
}

/** A FILL on its way. It is never taken away: it may be late, repeated or lost. */
export interface Fill {
  readonly token: Fence
  readonly asOf: number
  readonly flag: boolean
  readonly decision: boolean
}

/** What the writer of a change sends with its INVALIDATE: the new record, and the fence that it read before its commit. */
export interface Successor {
  readonly version: number
  readonly token: Fence
}

/**
 * One load: Redis was asked and had no fence, or answered, then there was nothing to use, then the store answered. `NONE` stands for no
 * entry that counts.
 */
export interface Flight {
  readonly stage: 'fenceless' | 'read' | 'missed' | 'loaded'
  readonly token: Fence
  readonly flag: number
  readonly decision: number
  /** What the store answered. */
  readonly asOf: number
  /** Whether who started it has been answered from a decision. */
  readonly decided: boolean
}

/** What a process holds in memory. */
export interface Slot {
  readonly asOf: number
  readonly live: boolean
}

export interface Process {
  readonly common: number
  readonly changed: number
  readonly answered: number
  readonly memory: Slot | null
  readonly open: Flight | null
  /** A flight that a change has detached. */
  readonly loose: Flight | null
  /** For the invariants only: the latest change that the store told this process of, at its start, in a reply or from the log. */
  readonly knows: number
  /** For the invariants only: the latest change that an answer of this process has shown. */
  readonly seen: number
  /** For the invariants only: the latest change that a hint of Redis told it of. */
  readonly heard: number
}

/** What processes share: the store, Redis, and what is on its way to Redis. */
export interface SharedState {
  /** The flag's version at each clock of the store; other flags move the clock too. */
  readonly history: readonly number[]
  readonly redis: Redis
  /** Redis before its last write, as long as it may still fail over. */
  readonly before: Redis | null
  readonly fills: readonly Fill[]
  /** Never taken away either. */
  readonly successors: readonly Successor[]
  /** For the invariants only: the latest change of which an INVALIDATE was answered; its `update()` may have resolved with `ok`. */
  readonly resolved: number
  readonly failovers: number
  readonly restarts: number
}

export interface State {
  readonly shared: SharedState
  readonly processes: readonly Process[]
}

export const NONE = -1
/** The nonce of every token that can never again be the fence. */
export const DEAD = 0
export const NO_TOKEN: Fence = { version: 0, nonce: DEAD }

export function started(common: number, knows: number): Process {
  const floors = { common, changed: 0, answered: 0 }
  return { ...floors, memory: null, open: null, loose: null, knows, seen: 0, heard: 0 }
}

export const clockOf = ({ history }: SharedState): number => history.length - 1
/** The version of the flag that a value loaded at this clock has. */
export const valueAt = ({ history }: SharedState, asOf: number): number => history[asOf] ?? 0
export const latestOf = (shared: SharedState): number => valueAt(shared, clockOf(shared))
/** A change of the flag has the clock's number; where another flag changed, the flag's version stays behind. */
export const changesOf = ({ history }: SharedState): number[] => history.filter((version, clock) => version === clock && clock > 0)
