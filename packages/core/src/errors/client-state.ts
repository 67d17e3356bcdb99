import { FlagsError } from './flags-error.ts'

/** Whether a client is open. It is closed once and for good. */
export class ClientState {
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
  }

  /** Throws `CLOSED` once the client is closed. */
  assertOpen(): void {
    if (this.#closed) throw closedError()
  }
}

export function closedError(): FlagsError {
  return new FlagsError('CLOSED', 'The client is closed.')
}
