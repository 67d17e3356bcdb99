/** The fence of the flag in Redis. A nonce is never used twice, so fences are equal only if their nonces are equal. */
export interface Fence {
  readonly version: number
  readonly nonce: number
}

/** A cached value: the token that it was filled with, and the store's clock when it was loaded. */
export interface Entry {
  readonly nonce: number
  readonly asOf: number
}

/**
 * The keys of the flag in Redis. The decision is that of one user; INVALIDATE deletes the flag, and the new fence makes the decision
 * invalid.
 */
export interface Redis {
  readonly fence: Fence | null
  readonly flag: Entry | null
  readonly decision: Entry | null
}

/** A FILL in transit. It is never removed, since it may be late, repeated or lost. */
export interface Fill {
  readonly token: Fence
  readonly asOf: number
  readonly flag: boolean
  readonly decision: boolean
}

/** The new record that a writer sends with its INVALIDATE, and the fence that it read before its commit. */
export interface UpdatedRecord {
  readonly version: number
  readonly token: Fence
}

/**
 * One load. Its stages: Redis had no fence; Redis answered; the answer was not usable; the store answered. `NONE` means no valid
 * entry.
 */
export interface Load {
  readonly stage: 'fenceless' | 'read' | 'missed' | 'loaded'
  readonly token: Fence
  readonly flag: number
  readonly decision: number
  /** The clock of the store's answer. */
  readonly asOf: number
  /** Whether the caller has been answered from a decision. */
  readonly decided: boolean
}

/** The value in a process' memory. */
export interface Slot {
  readonly asOf: number
  readonly live: boolean
}

export interface Process {
  readonly common: number
  readonly changed: number
  readonly answered: number
  readonly memory: Slot | null
  readonly open: Load | null
  /** A load that a change has detached. */
  readonly loose: Load | null
  /** For the invariants only: the latest change that this process learned from the store, at its start, in a reply or from the log. */
  readonly knows: number
  /** For the invariants only: the latest change in the answers of this process. */
  readonly seen: number
  /** For the invariants only: the latest change in a hint from Redis. */
  readonly heard: number
}

/** What processes share: the store, Redis, and messages in transit to Redis. */
export interface SharedState {
  /** The flag's version at each clock of the store. Changes of other flags also move the clock. */
  readonly history: readonly number[]
  readonly redis: Redis
  /** Redis before its last write, if it may still fail over. */
  readonly before: Redis | null
  readonly fills: readonly Fill[]
  /** Never removed either. */
  readonly updatedRecords: readonly UpdatedRecord[]
  /** For the invariants only: the latest change whose INVALIDATE was answered, so its `update()` may have resolved with `ok`. */
  readonly resolved: number
  readonly failovers: number
  readonly restarts: number
}

export interface State {
  readonly shared: SharedState
  readonly processes: readonly Process[]
}

export const NONE = -1
/** The nonce of every token that can never be the fence again. */
export const DEAD = 0
export const NO_TOKEN: Fence = { version: 0, nonce: DEAD }

export function started(common: number, knows: number): Process {
  const floors = { common, changed: 0, answered: 0 }
  return { ...floors, memory: null, open: null, loose: null, knows, seen: 0, heard: 0 }
}

export const clockOf = ({ history }: SharedState): number => history.length - 1
/** The version of the flag in a value that was loaded at this clock. */
export const valueAt = ({ history }: SharedState, asOf: number): number => history[asOf] ?? 0
export const latestOf = (shared: SharedState): number => valueAt(shared, clockOf(shared))
/** The changes of the flag: at these clocks its version equals the clock. After a change of another flag it is lower. */
export const changesOf = ({ history }: SharedState): number[] => history.filter((version, clock) => version === clock && clock > 0)
