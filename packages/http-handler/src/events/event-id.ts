import type { Place } from './log-entry.ts'

/** In place of an event's id: what the client holds is from before it listened, so it is told to ask for everything. */
export const BEFORE_LISTENING = 'none'

const CHANGE_ID = /^[\w-]{1,64}$/
const EVENT_ID = /^(\d{1,16})(?:\.([\w-]{1,64}))?$/

/** `17.0f3c…`; `17` where there is no id, or one that no line of an event may hold. */
export function eventIdOf({ version, id = '' }: Place): string {
  return CHANGE_ID.test(id) ? `${version}.${id}` : `${version}`
}

/** The place that an event's id names; `undefined` for what is no event's id, `BEFORE_LISTENING` among it. A version alone will do. */
export function placeOf(eventId: string): Place | undefined {
  const [, digits, id] = EVENT_ID.exec(eventId) ?? []
  const version = Number(digits)
  if (!Number.isSafeInteger(version)) return undefined
  return id === undefined ? { version } : { version, id }
}
