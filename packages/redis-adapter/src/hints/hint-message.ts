import { FlagsError, type Hint, isRecordKey } from '@flagstone/core/adapter'
import { parseNumber, readRecord } from '../entries/entry-format.ts'

/** A hint includes a record of at most this many characters of JSON. Processes that need a longer record read it themselves. */
export const MAX_RECORD_CHARACTERS = 10_000

/** The text that is published: `<version>:<name>`. The script INVALIDATE appends `|<json>` if the hint includes the record. */
export function formatHint({ name, version }: Hint): string {
  return `${version}:${name}`
}

/** `undefined` for any other text, since any client can publish. A record that cannot be used is left out. */
export function parseHint(message: string): Hint | undefined {
  const bar = message.indexOf('|')
  const head = bar < 0 ? message : message.slice(0, bar)
  const colon = head.indexOf(':')
  const version = parseNumber(head.slice(0, Math.max(colon, 0)))
  const name = head.slice(colon + 1)
  if (version === undefined || !isRecordKey(name)) return undefined
  const flag = bar < 0 || message.length - bar > MAX_RECORD_CHARACTERS + 1 ? undefined : readRecord(name, message.slice(bar + 1))
  return flag === undefined || flag instanceof FlagsError ? { name, version } : { name, version, flag }
}
