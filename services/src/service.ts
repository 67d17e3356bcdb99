/** What every run of the tests takes. */
export type ServiceKind = 'postgres' | 'redis'

/** A real server that this run may use. */
export interface Service {
  readonly kind: ServiceKind | 'nginx'
  /** Connection URL, with credentials where the service needs any. */
  readonly url: string
  /** Where it came from, for people: `DATABASE_URL`, a container image, or the folder of the programs. */
  readonly origin: string
  /** Product and version as the server itself reports it, such as `PostgreSQL 15.14`. */
  readonly product: string
  /** Gives the service back: stops what was started for this run and leaves alone what was given. Safe to call twice. */
  stop(): Promise<void>
}

/** A server that belongs to this run alone, so that tests may stop, kill and restart it. */
export interface PrivateService extends Service {
  /** Process id of the server that runs now; it changes with `restart()`. */
  readonly pid: number
  readonly port: number
  /** Freezes every process of the server (SIGSTOP): connections stay open and nothing answers. */
  pause(): Promise<void>
  /** Undoes `pause()`. */
  resume(): Promise<void>
  /** SIGKILL to every process of the server. Port and data folder stay reserved for `restart()`. */
  kill(): Promise<void>
  /** Stops the server if it runs and starts it again on the same port and data folder. */
  restart(): Promise<void>
}

/** Why a rung cannot serve, in a few words that fit into one line. */
export interface Absent {
  readonly absent: string
}

/** Programs of a server, found or fetched. */
export interface Binaries {
  readonly origin: string
  /** Makes the programs usable for the user that the server runs as; may copy them into `folder`. */
  place(folder: string): Promise<PlacedBinaries>
}

export interface PlacedBinaries {
  /** Folder that holds the programs. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** One way to get a service. A rung that throws ends the search; one that is absent passes it on. */
export type Rung<T extends Service = Service> = () => Promise<T | Absent>

export function isAbsent(result: object): result is Absent {
  return 'absent' in result
}

/** One line that says why: the last thing a failed program complained about, else the first line of the message. */
export function reasonOf(error: unknown): string {
  const complaint = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : undefined
  const text = error instanceof Error ? error.message : String(error)
  return complaint || (text.trim().split('\n', 1)[0] ?? text)
}
