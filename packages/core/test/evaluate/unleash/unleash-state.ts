/** What an Unleash server sends to its clients, as far as the specification uses it. */
export interface UnleashState {
  readonly features: readonly Feature[]
  readonly segments?: readonly UnleashSegment[]
}

/** A feature is on where one of its strategies is; without strategies it is on for everybody. */
export interface Feature {
  readonly name: string
  readonly enabled: boolean
  readonly strategies?: readonly Strategy[]
  readonly variants?: readonly UnleashVariant[]
  readonly dependencies?: readonly Dependency[]
}

/** All constraints must hold, those of its segments too. */
export interface Strategy {
  readonly name: string
  /** Numbers and lists are text here. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly constraints?: readonly Constraint[]
  readonly segments?: readonly number[]
  /** Replace the feature's. */
  readonly variants?: readonly UnleashVariant[]
}

export interface Constraint {
  readonly contextName: string
  readonly operator: string
  readonly value?: string
  readonly values?: readonly string[]
  readonly inverted?: boolean
  readonly caseInsensitive?: boolean
}

export interface UnleashSegment {
  readonly id: number
  readonly constraints: readonly Constraint[]
}

export interface UnleashVariant {
  readonly name: string
  readonly weight: number
  readonly payload: Payload
  readonly stickiness?: string
  /** Those who get it, whatever is drawn. */
  readonly overrides?: readonly { readonly contextName: string; readonly values: readonly string[] }[]
}

export type Payload = { readonly type: string; readonly value: string }

/** A feature that must be on, with one of the variants where some are named; or off, where `enabled` is `false`. */
export interface Dependency {
  readonly feature: string
  readonly enabled?: boolean
  readonly variants?: readonly string[]
}

export interface UnleashContext {
  readonly userId?: string
  readonly sessionId?: string
  readonly properties?: Readonly<Record<string, string | null>>
  readonly [field: string]: unknown
}
