import type { Source } from '@flagstone/core'
import type { Answer } from '../oracle.ts'

/** Every process asks for these and writes these. */
export const FLAGS = ['checkout', 'search', 'banner', 'payments', 'beta', 'dark_mode'] as const
export const USERS = ['ada', 'bob', 'cleo'] as const

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What an actor is. */
export interface Role {
  readonly name: string
  readonly writes: boolean
  /** How many flags it keeps in memory; `false` for none. */
  readonly memory: number | false
  /** By which channels it hears of changes. */
  readonly channels: 'both' | 'cache' | 'store'
}

/** What an actor's process is started with. */
export interface ActorPlan extends Role {
  readonly seed: number
  readonly databaseUrl: string
  readonly listenUrl: string
  readonly redisUrl: string
  readonly schema: string
  /** The file for its answers. */
  readonly log: string
}

/** An answer as it was logged: with what shows whether it says the truth, and where it came from. */
export interface Reply extends Answer {
  readonly rollout?: number
  readonly source: Source
}

/** A default because nobody knew. */
export interface Silence {
  readonly kind: 'none'
  readonly process: string
  readonly flag: string
  readonly code: string
  readonly from: number
  readonly at: number
}

export type Line = Reply | Silence

export interface Told {
  readonly flag: string
  readonly version: number
}

export interface Status {
  readonly channels: number
  readonly leased: boolean
  readonly clock: number
  /** The version that it answers for each flag; 0 for absent. */
  readonly versions: readonly number[]
}

/** What an actor is told. */
export type Order =
  /** The next write stands still between commit and everything that follows: so long, or for ever (`null`). */
  | { readonly order: 'stall'; readonly forMs: number | null }
  | { readonly order: 'changed'; readonly changes: readonly Told[] }
  | { readonly order: 'status' }
  /** To start or end writing. */
  | { readonly order: 'write'; readonly on: boolean }
  /** One update of each flag, and of those that are missing a create. */
  | { readonly order: 'finale' }
  | { readonly order: 'close' }

/** What an actor says. */
export type Word =
  | { readonly word: 'ready' }
  | { readonly word: 'committed'; readonly version: number; readonly at: number }
  | { readonly word: 'stalled'; readonly version: number }
  | { readonly word: 'resolved'; readonly version: number; readonly at: number; readonly propagated: boolean }
  | { readonly word: 'status'; readonly status: Status }
  | { readonly word: 'rests' }
  | { readonly word: 'finale'; readonly versions: readonly number[] }
  | { readonly word: 'crashed'; readonly why: string }
  | { readonly word: 'closed' }
