import type { FlagValue } from './flag-value.ts'
import type { SourceOfTruth } from './source-of-truth.ts'

/** One application process: a memory, a connection to the shared Redis and, where the library has one, a bus of its own. */
export interface LibraryProcess {
  read(): Promise<FlagValue>
  /** Writes to the source of truth, and then does what the library's documentation says to do after a write. */
  write(value: FlagValue): Promise<void>
  end(): Promise<void>
}

export interface StartOptions {
  /** Of Redis, or of the proxy that this process reaches it through. */
  readonly port: number
  /** The flag's name, unlike that of any other run. */
  readonly key: string
  readonly source: SourceOfTruth
}

export interface Library {
  readonly name: string
  /** The package that its version is read from. */
  readonly from: string
  /** How it is used, and where its documentation recommends that. */
  readonly used: string
  /** How many connections of a process subscribe to the bus. */
  readonly subscribers: number
  /** Resolves when the process can be used. */
  start(options: StartOptions): Promise<LibraryProcess>
}

/** What every peer is told: how long its layers keep a value, in milliseconds. */
export const TTL_MS = 2_000
