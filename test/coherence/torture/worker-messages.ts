import type { Source } from '@flagstone/core'
import type { Answer } from '../oracle.ts'

/** Every process asks for these and writes these. */
export const FLAGS = ['checkout', 'search', 'banner', 'payments', 'beta', 'dark_mode'] as const
export const USERS = ['ada', 'bob', 'cleo'] as const

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What a worker is. */
export interface WorkerRole {
  readonly name: string
  readonly writes: boolean
  /** How many flags it keeps in memory; `false` for none. */
  readonly memory: number | false
  /** By which channels it hears of changes. */
  readonly channels: 'both' | 'cache' | 'store'
}

/** What a worker's process is started with. */
export interface WorkerPlan extends WorkerRole {
  readonly seed: number
  readonly databaseUrl: string
  readonly listenUrl: string
  readonly redisUrl: string
  readonly schema: string
  /** The file for its answers. */
  readonly log: string
}

/** An answer as it was logged: with what shows whether it says the truth, and where it came from. */
export interface LoggedAnswer extends Answer {
  readonly rollout?: number
  readonly source: Source
}

/** A default because nobody knew. */
export interface LoggedNoAnswer {
  readonly kind: 'none'
  readonly process: string
  readonly flag: string
  readonly code: string
  readonly from: number
  readonly at: number
}

export type LogLine = LoggedAnswer | LoggedNoAnswer

export interface AnnouncedChange {
  readonly flag: string
  readonly version: number
}

export interface WorkerStatus {
  readonly channels: number
  readonly leased: boolean
  readonly clock: number
  /** The version that it answers for each flag; 0 for absent. */
  readonly versions: readonly number[]
}

/** What a worker is told. */
export type WorkerCommand =
  /** The next write stands still between commit and everything that follows: so long, or for ever (`null`). */
  | { readonly type: 'stall'; readonly forMs: number | null }
  | { readonly type: 'changed'; readonly changes: readonly AnnouncedChange[] }
  | { readonly type: 'status' }
  /** To start or end writeLoop. */
  | { readonly type: 'write'; readonly on: boolean }
  /** One update of each flag, and of those that are missing a create. */
  | { readonly type: 'finalUpdates' }
  | { readonly type: 'close' }

/** What a worker says. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'committed'; readonly version: number; readonly at: number }
  | { readonly type: 'stalled'; readonly version: number }
  | { readonly type: 'resolved'; readonly version: number; readonly at: number; readonly propagated: boolean }
  | { readonly type: 'status'; readonly status: WorkerStatus }
  | { readonly type: 'writeSwitched' }
  | { readonly type: 'finalUpdates'; readonly versions: readonly number[] }
  | { readonly type: 'crashed'; readonly why: string }
  | { readonly type: 'closed' }
