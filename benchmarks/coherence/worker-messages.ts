/** The flag that every worker has in memory, and the targeting key that it reads. It is rolled out to everybody and to nobody in turns. */
export const FLAG = 'new_checkout'
export const USER = 'user-4711'

/** The channel of the bare messages that changes are compared with. */
export const BARE_CHANNEL = 'figures_bare'

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The arguments of a worker: the services of its client, and the addresses for its hint channels. */
export interface WorkerPlan {
  readonly schema: string
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly listenUrl: string
  readonly subscribeUrl: string
}

export interface WorkerStatus {
  /** How many hint channels are up. */
  readonly channels: number
  /** Since when at least one channel is up. */
  readonly backAt?: number
}

export type WorkerCommand = { readonly type: 'clock' | 'status' | 'close' }

/**
 * `stamp`: when the worker received a bare message, or first answered a version. `late`: it answered the last known good, because
 * PostgreSQL or Redis did not answer in time.
 */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'clock'; readonly at: number }
  | { readonly type: 'stamp'; readonly of: string; readonly at: number }
  | { readonly type: 'late' }
  | { readonly type: 'status'; readonly status: WorkerStatus }
  | { readonly type: 'crashed'; readonly why: string }

export const BARE_REDIS = 'bare redis'
export const BARE_POSTGRES = 'bare postgres'

/** The event of a stamp: a bare message by its number, or the first answer of a version. */
export function stampOf(kind: typeof BARE_REDIS | typeof BARE_POSTGRES | 'version', number: number | string): string {
  return `${kind} ${number}`
}
