/** That a flag was evaluated: an outcome, and when somebody was last given it. */
export interface FlagUse {
  readonly flag: string
  readonly enabled: boolean
  /** The variant that was given; absent where none was, or where only the gate was asked for. */
  readonly variant?: string
  /** ISO 8601 in UTC. */
  readonly at: string
}

/** What a store knows of how its flags are used. */
export interface FlagUses {
  /** The first moment that it was told of, ISO 8601 in UTC: what was used before it is not known. Absent where it knows of no use. */
  readonly since?: string
  /** The last use of each outcome of each flag, in no order. May tell of flags that are gone. */
  readonly uses: readonly FlagUse[]
}
