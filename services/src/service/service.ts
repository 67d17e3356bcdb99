/** The services that every test run needs. */
export type ServiceKind = 'postgres' | 'redis'

/** A real server that this run may use. */
export interface Service {
  readonly kind: ServiceKind | 'nginx'
  /** Connection URL, with credentials where the service needs any. */
  readonly url: string
  /** Where it came from, for messages: `DATABASE_URL`, a container image, or the folder of the programs. */
  readonly origin: string
  /** Product and version as the server itself reports it, such as `PostgreSQL 15.14`. */
  readonly product: string
  /** Stops the service if it was started for this run, and leaves one from `DATABASE_URL` or `REDIS_URL` alone. May be called twice. */
  stop(): Promise<void>
}

/** A server that only this run uses, so tests may stop, kill and restart it. */
export interface PrivateService extends Service {
  /** Process id of the running server; it changes with `restart()`. */
  readonly pid: number
  readonly port: number
  /** Freezes every process of the server (SIGSTOP): connections stay open and nothing answers. */
  pause(): Promise<void>
  /** Undoes `pause()`. */
  resume(): Promise<void>
  /** Sends SIGKILL to every process of the server. Port and data folder are kept for `restart()`. */
  kill(): Promise<void>
  /** Stops the server if it runs and starts it again on the same port and data folder. */
  restart(): Promise<void>
}
