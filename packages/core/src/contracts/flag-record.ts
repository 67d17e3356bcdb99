import type { Prerequisite, Ramp, Rule, Variant } from './rule.ts'

/** A flag as the store keeps it. */
export interface FlagRecord {
  /** `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` */
  readonly name: string
  /** The lowest reader that evaluates this record correctly; raised only when a newer feature is used. */
  readonly schema: number
  /** At most 2,000 characters. */
  readonly description?: string
  /** At most 200 characters. */
  readonly owner?: string
  /** At most 50, each of 1 to 100 characters. */
  readonly tags?: readonly string[]
  /** When the flag should be removed; ISO 8601 in UTC. It changes no answer. */
  readonly expiresAt?: string
  /** The kill switch. */
  readonly enabled: boolean
  /** Flags that must be on; at most 50. Where one is not, this flag is off. */
  readonly requires?: readonly Prerequisite[]
  /** The first rule whose conditions are all met decides; at most 1,000. */
  readonly rules?: readonly Rule[]
  /** Where no rule matched: percent of targeting keys that get the flag, 0 to 100, at most three decimals. */
  readonly rollout: number
  /** Those who are in get one of them; at most 100, with different names. */
  readonly variants?: readonly Variant[]
  /** The rollout over time, in place of `rollout`. */
  readonly ramp?: Ramp
  /** The attribute that is hashed in place of the targeting key: an organisation, a device. 1 to 200 characters. */
  readonly bucketBy?: string
  /** Hashed in place of the name, so that a flag can be renamed without moving a user; 1 to 200 characters, no `:`, no NUL. */
  readonly salt?: string
  /** The bucketing that this record was written for. */
  readonly hashVersion: 1
  /** The version of the change that wrote it. */
  readonly version: number
  /** ISO 8601 in UTC. */
  readonly createdAt: string
  readonly updatedAt: string
}

/** A new flag as a caller gives it. By default it is enabled, for nobody (rollout 0). */
export interface NewFlag {
  readonly name: string
  readonly description?: string
  readonly owner?: string
  readonly tags?: readonly string[]
  readonly expiresAt?: string
  /** Default `true`: the rollout decides. */
  readonly enabled?: boolean
  readonly requires?: readonly Prerequisite[]
  readonly rules?: readonly Rule[]
  /** Default 0: nobody. */
  readonly rollout?: number
  readonly variants?: readonly Variant[]
  readonly ramp?: Ramp
  readonly bucketBy?: string
  readonly salt?: string
}

/** What an update changes: a value replaces the field whole, `null` removes an optional field. */
export interface FlagPatch {
  readonly description?: string | null
  readonly owner?: string | null
  readonly tags?: readonly string[] | null
  readonly expiresAt?: string | null
  readonly enabled?: boolean
  readonly requires?: readonly Prerequisite[] | null
  readonly rules?: readonly Rule[] | null
  readonly rollout?: number
  readonly variants?: readonly Variant[] | null
  readonly ramp?: Ramp | null
  readonly bucketBy?: string | null
  readonly salt?: string | null
}
