import type { StoredRecord } from './stored-record.ts'

/** Options of every call on an adapter. */
export interface Call {
  /** Aborted when the caller no longer waits. An adapter may then cancel its work; it must not throw from the abort itself. */
  readonly signal?: AbortSignal
}

/** "Something changed." It may be lost, doubled, late or forged: a listener must never trust it alone. */
export interface Hint {
  readonly name: string
  readonly version: number
  /**
   * From a cache only, and optional there: what a read would have found when the fence was raised, "as of" `version`. The listener must
   * validate it, as everything that is read.
   */
  readonly flag?: StoredRecord | null
}

/** The receiving end of a hint channel. Its methods never throw. */
export interface ChannelListener {
  onHint(hint: Hint): void
  /** Must be called after the first and every later successful (re)subscribe: hints before it may have been missed. */
  onResync(): void
  /** Must be called once each time the channel is lost. */
  onDown(cause: unknown): void
}

/** Ends a subscription. Calling it twice does nothing. */
export type Unsubscribe = () => Promise<void>
