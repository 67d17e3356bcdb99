/** An outcome of a flag's evaluation, and when it was last given. */
export interface FlagUse {
  readonly flag: string
  readonly enabled: boolean
  /** The variant that was given; absent where none was, or where the caller asked only whether the flag is on. */
  readonly variant?: string
  /** ISO 8601 in UTC. */
  readonly at: string
}

/** What a store knows about the use of its flags. */
export interface FlagUses {
  /** The earliest use that it was told of, ISO 8601 in UTC: earlier uses are unknown. Absent where it knows of none. */
  readonly since?: string
  /** The last use of each outcome of each flag, in no order. May include deleted flags. */
  readonly uses: readonly FlagUse[]
}
