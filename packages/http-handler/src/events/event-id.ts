import type { LogPosition } from './log-entry.ts'

/** Sent in place of an event id by a client that fetched flags before it listened: it is told to fetch all of them again. */
export const BEFORE_LISTENING = 'none'

const CHANGE_ID = /^[\w-]{1,64}$/
const EVENT_ID = /^(\d{1,16})(?:\.([\w-]{1,64}))?$/

/** `17.0f3c…`; or `17` if there is no id, or if the id has characters that an event line may not hold. */
export function formatEventId({ version, id = '' }: LogPosition): string {
  return CHANGE_ID.test(id) ? `${version}.${id}` : `${version}`
}

/** The position in an event id, which may be a version alone; `undefined` for anything else, such as `BEFORE_LISTENING`. */
export function parseEventId(eventId: string): LogPosition | undefined {
  const [, digits, id] = EVENT_ID.exec(eventId) ?? []
  const version = Number(digits)
  if (!Number.isSafeInteger(version)) return undefined
  return id === undefined ? { version } : { version, id }
}
