import { segmentNameOf } from '@flagstone/core/adapter'
import { formatEventId } from './event-id.ts'
import { formatFlagConfigEtag } from './flag-config-etag.ts'
import type { LogEntry, LogPosition } from './log-entry.ts'

/**
 * OFREP's event type for "fetch the flags again". OFREP clients ignore types that they do not know. They send its `etag` back as
 * `flagConfigEtag` with their next request.
 */
const REFETCH = 'refetchEvaluation'

/** A comment line. It keeps client, server and proxies from taking the connection for dead. */
export const HEARTBEAT = ':\n\n'

/** Tells a client how long to wait before it reconnects, in milliseconds. */
export function retryDelay(ms: number): string {
  return `retry: ${ms}\n\n`
}

/** The first event of a new client: every change after this position follows. */
export function connectedEvent(position: LogPosition): string {
  return dataEvent(position, { type: 'connected', version: position.version })
}

/** One flag or segment changed. */
export function changeEvent(entry: LogEntry): string {
  const segment = segmentNameOf(entry.flag)
  const what = segment === undefined ? { flag: entry.flag } : { segment }
  return dataEvent(entry, { type: REFETCH, etag: formatFlagConfigEtag(entry.version), ...what, version: entry.version })
}

/** It is unknown which flags and segments the client has missed: it must fetch all of them again. */
export function refetchAllEvent(position: LogPosition): string {
  return dataEvent(position, { type: REFETCH, etag: formatFlagConfigEtag(position.version), version: position.version })
}

// JSON text has no line breaks, and ids are limited to safe characters: stored data cannot start another line.
function dataEvent(position: LogPosition, data: object): string {
  return `id: ${formatEventId(position)}\ndata: ${JSON.stringify(data)}\n\n`
}
