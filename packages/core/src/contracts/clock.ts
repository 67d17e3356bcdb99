/** Where time comes from. A test passes its own. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number
  /** Calls `callback` once after `ms` milliseconds, without keeping the process alive; returns a function that cancels it. */
  after(ms: number, callback: () => void): () => void
}
