import type { FlagValue } from './flag-value.ts'
import type { SourceOfTruth } from './source-of-truth.ts'

/** One application process: a memory, a connection to the shared Redis and, if the library has one, its own bus. */
export interface LibraryProcess {
  read(): Promise<FlagValue>
  /** Writes to the source of truth, and then does what the library's documentation says to do after a write. */
  write(value: FlagValue): Promise<void>
  end(): Promise<void>
}

export interface StartOptions {
  /** The port of Redis, or of the proxy through which this process reaches it. */
  readonly port: number
  /** The flag's name, unique to this run. */
  readonly key: string
  readonly source: SourceOfTruth
}

export interface Library {
  readonly name: string
  /** The package that its version is read from. */
  readonly from: string
  /** How the library is used, and where its documentation recommends that. */
  readonly used: string
  /** How many connections of a process subscribe to the bus. */
  readonly subscribers: number
  /** Resolves when the process can be used. */
  start(options: StartOptions): Promise<LibraryProcess>
}

/** How long the layers of every other library keep a value, in milliseconds. */
export const TTL_MS = 2_000
