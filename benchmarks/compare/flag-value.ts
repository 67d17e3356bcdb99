/** A flag's value in the source of truth. The compared libraries cache this object. */
export interface FlagValue {
  readonly rollout: number
}

export const OLD: FlagValue = { rollout: 0 }
export const NEW: FlagValue = { rollout: 100 }
