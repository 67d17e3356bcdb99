import type { Source } from '@flagstone/core'
import type { Answer } from '../oracle.ts'

/** The flags that every worker reads and writes. */
export const FLAGS = ['checkout', 'search', 'banner', 'payments', 'beta', 'dark_mode'] as const
export const USERS = ['ada', 'bob', 'cleo'] as const

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What a worker does. */
export interface WorkerRole {
  readonly name: string
  readonly writes: boolean
  /** How many flags it keeps in memory; `false` for none. */
  readonly memory: number | false
  /** The channels by which it hears of changes. */
  readonly channels: 'both' | 'cache' | 'store'
}

/** The arguments of a worker process. */
export interface WorkerPlan extends WorkerRole {
  readonly seed: number
  readonly databaseUrl: string
  readonly listenUrl: string
  readonly redisUrl: string
  readonly schema: string
  /** The file to which it logs its answers. */
  readonly log: string
}

/** An answer as it was logged, with its content and the layer that it came from. */
export interface LoggedAnswer extends Answer {
  readonly rollout?: number
  readonly source: Source
}

/** A default was returned, because no layer answered. */
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
  /** The version that it answers for each flag; 0 if the flag is absent. */
  readonly versions: readonly number[]
}

/** What the parent sends to a worker. */
export type WorkerCommand =
  /** Holds up the next write after its commit for `forMs` milliseconds, or for ever (`null`). */
  | { readonly type: 'stall'; readonly forMs: number | null }
  | { readonly type: 'changed'; readonly changes: readonly AnnouncedChange[] }
  | { readonly type: 'status' }
  /** Starts or stops the writes. */
  | { readonly type: 'write'; readonly on: boolean }
  /** Updates each flag once, and creates those that are missing. */
  | { readonly type: 'finalUpdates' }
  | { readonly type: 'close' }

/** What a worker sends to its parent. */
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
