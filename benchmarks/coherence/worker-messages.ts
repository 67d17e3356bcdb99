/** The flag that every process has in memory, and for whom it asks. It is rolled out to everybody or to nobody, in turns. */
export const FLAG = 'new_checkout'
export const USER = 'user-4711'

/** Where the bare messages go that changes are measured beside. */
export const BARE_CHANNEL = 'figures_bare'

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** What a process is started with: where its client finds everything, and apart from that where it hears of changes. */
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
  /** When the first of them came up, after all were down. */
  readonly backAt?: number
}

export type WorkerCommand = { readonly type: 'clock' | 'status' | 'close' }

/**
 * `stamp`: what the process heard (a bare message), or answered anew (a version), and when. `late`: it answered the last known good, because
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

/** What a stamp is of: a bare message by its number, or the answer that a version made new. */
export function stampOf(kind: typeof BARE_REDIS | typeof BARE_POSTGRES | 'version', number: number | string): string {
  return `${kind} ${number}`
}
