/** How long the shared cache keeps each kind of entry, in milliseconds, each from 0 (not at all) to 86,400,000. */
export interface Ttl {
  /** Flag records (`feature_flag:*`); up to 10 % less, and 30 s at most for a flag that does not exist. Default 300,000. */
  readonly flagMs: number
  /** Kept decisions of `evaluate` for one targeting key (`flag_endpoint:*`). Default 60,000. */
  readonly endpointMs: number
  /** Kept decisions of `isEnabled` for one targeting key (`flag_check:*`). Default 30,000. */
  readonly checkMs: number
}
