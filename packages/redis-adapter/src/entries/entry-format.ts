import {
  type Cached,
  type CacheFill,
  type Decision,
  FlagsError,
  parseDecision,
  parseStored,
  type StoredRecord,
} from '@flagstone/core/adapter'

/** An entry that carries the token of the fence. Its body is not parsed yet. */
interface ValidEntry {
  readonly asOf: number
  readonly body: string
}

// The scripts in `lua-scripts.ts` parse entries by the same grammar: what is corrupt here must be replaced there.
const ENTRY = /^[^|]*\|\d{1,16}\|/

const MAX_DIGITS = 16
const ZERO = '0'.charCodeAt(0)

/** A whole number from 0 to 2^53 - 1, or `undefined`. */
export function parseNumber(digits: string): number | undefined {
  if (digits === '' || digits.length > MAX_DIGITS) return undefined
  let number = 0
  // Not by a regular expression, which would take most of the time of reading a decision.
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(index) - ZERO
    if (digit < 0 || digit > 9) return undefined
    number = 10 * number + digit
  }
  return Number.isSafeInteger(number) ? number : undefined
}

/** `undefined` if there is no entry with this token, an error if the entry is corrupt. */
export function readFlag(name: string, text: string, token: string): Cached<StoredRecord | null> | FlagsError | undefined {
  const entry = validEntry(name, text, token)
  if (entry === undefined || entry instanceof FlagsError) return entry
  const value = readRecord(name, entry.body)
  return value === undefined || value instanceof FlagsError ? value : { asOf: entry.asOf, value }
}

/**
 * Parses what `flagBody` wrote. An error if it is corrupt; `undefined` if a newer build wrote it, because such a record must not be
 * replaced.
 */
export function readRecord(name: string, body: string): StoredRecord | null | FlagsError | undefined {
  if (body === 'null') return null
  const record = parseStored(name, fromJson(body))
  return record instanceof FlagsError && record.code === 'RECORD_TOO_NEW' ? undefined : record
}

/** Like `readFlag`, for the boolean of `isEnabled`. */
export function readCheck(name: string, text: string | null, token: string): Cached<boolean> | FlagsError | undefined {
  const entry = validEntry(name, text, token)
  if (entry === undefined || entry instanceof FlagsError) return entry
  if (entry.body !== 'true' && entry.body !== 'false') return corrupt(name)
  return { asOf: entry.asOf, value: entry.body === 'true' }
}

/** Like `readFlag`, for the decision of `evaluate`. */
export function readEndpoint(
  name: string,
  targetingKey: string,
  text: string | null,
  token: string,
): Cached<Decision> | FlagsError | undefined {
  const entry = validEntry(name, text, token)
  if (entry === undefined || entry instanceof FlagsError) return entry
  const decision = parseDecision(name, wellFormed(targetingKey), fromJson(entry.body))
  return decision instanceof FlagsError ? decision : { asOf: entry.asOf, value: { ...decision, targetingKey } }
}

/** The part of a flag's entry after token and "as of". */
export function flagBody(flag: StoredRecord | null): string {
  return JSON.stringify(flag)
}

/** The part of a decision's entry after token and "as of". */
export function decisionBody({ value, targetingKey }: NonNullable<CacheFill['decision']>): string {
  return typeof value === 'boolean' ? String(value) : JSON.stringify({ ...value, targetingKey: wellFormed(targetingKey) })
}

function validEntry(name: string, text: string | null, token: string): ValidEntry | FlagsError | undefined {
  if (text === null) return undefined
  if (!text.startsWith(token) || text[token.length] !== '|') return ENTRY.test(text) ? undefined : corrupt(name)
  const end = text.indexOf('|', token.length + 1)
  const asOf = end < 0 ? undefined : parseNumber(text.slice(token.length + 1, end))
  return asOf === undefined ? corrupt(name) : { asOf, body: text.slice(end + 1) }
}

function corrupt(name: string): FlagsError {
  return new FlagsError('PARSE_ERROR', `The cached entry of flag ${name} is invalid; the next load replaces it.`, { flag: name })
}

/** `undefined` stands for what is not JSON: no schema accepts it. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Text in Redis is UTF-8, so targeting keys that differ only in lone surrogates share one key. They also share one bucket, so one decision
// fits them all.
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}
