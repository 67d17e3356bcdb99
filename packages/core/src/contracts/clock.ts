/** Where time comes from. Tests pass their own. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number
  /** Calls `callback` once after `ms` milliseconds; returns a function that cancels it. Keeps the process alive only if `awaited` is `true`. */
  after(ms: number, callback: () => void, awaited?: boolean): () => void
}
