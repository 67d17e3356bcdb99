import { randomBytes } from 'node:crypto'
import {
  type Cached,
  type CacheFill,
  type Decision,
  FlagsError,
  parseDecision,
  parseStored,
  type StoredRecord,
} from '@flagstone/core/adapter'

/** What a fence says. The whole text of a fence is the token that entries carry. */
export interface Fence {
  readonly storeId: string
  readonly version: number
}

/** The text of an entry that counts: not yet looked into. */
interface Counted {
  readonly asOf: number
  readonly body: string
}

// The same grammar as in scripts.ts: what counts as corrupt here must be replaced there.
const FENCE = /^([^.|]+)\.(\d{1,16})\.([^.|]+)$/
const ENTRY = /^[^|]*\|\d{1,16}\|/

const MAX_DIGITS = 16
const ZERO = '0'.charCodeAt(0)

const MAX_NAMES = 1_000
const MAX_CHARACTERS = 10_000

/** The last text of each name and what it said: of at most 1,000 names, and of no text over 10,000 characters. */
class LastTexts<T> {
  readonly #byName = new Map<string, { readonly text: string; readonly said: T }>()

  said(name: string, text: string): T | undefined {
    const last = this.#byName.get(name)
    return last?.text === text ? last.said : undefined
  }

  remember(name: string, text: string, said: T): void {
    this.#byName.delete(name)
    if (text.length > MAX_CHARACTERS) return
    const [oldest] = this.#byName.keys()
    if (this.#byName.size >= MAX_NAMES && oldest !== undefined) this.#byName.delete(oldest)
    this.#byName.set(name, { text, said })
  }
}

/**
 * Reads fences and flags, which mostly are what they were the time before: then they are not taken apart and validated again. Whether an
 * entry counts is asked each time, and what is corrupt is found so each time. Records are shared: nobody may change one.
 */
export class Reader {
  readonly #fences = new LastTexts<Fence>()
  readonly #flags = new LastTexts<{ readonly token: string; readonly flag: Cached<StoredRecord | null> }>()

  /** As `parseFence`. */
  fence(name: string, text: string): Fence | undefined {
    const known = this.#fences.said(name, text)
    if (known !== undefined) return known
    const fence = parseFence(text)
    if (fence !== undefined) this.#fences.remember(name, text, fence)
    return fence
  }

  /** `undefined` where there is no entry that counts, an error where it is corrupt. */
  flag(name: string, text: string | null, token: string): Cached<StoredRecord | null> | FlagsError | undefined {
    if (text === null) return undefined
    const known = this.#flags.said(name, text)
    if (known?.token === token) return known.flag
    const flag = readFlag(name, text, token)
    if (flag !== undefined && !(flag instanceof FlagsError)) this.#flags.remember(name, text, { token, flag })
    return flag
  }
}

/** A new token, unlike any before it. */
export function newToken(storeId: string, version: number): string {
  return `${storeId}.${version}.${randomBytes(9).toString('base64url')}`
}

/** `undefined` where the text is no fence. */
export function parseFence(text: string): Fence | undefined {
  const [, storeId, digits] = FENCE.exec(text) ?? []
  const version = Number(digits)
  return storeId !== undefined && Number.isSafeInteger(version) ? { storeId, version } : undefined
}

/** A whole number from 0 to 2^53 - 1, or `undefined`. */
export function parseNumber(digits: string): number | undefined {
  if (digits === '' || digits.length > MAX_DIGITS) return undefined
  let number = 0
  // By hand: a regular expression would be the dearest part of reading a decision.
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(index) - ZERO
    if (digit < 0 || digit > 9) return undefined
    number = 10 * number + digit
  }
  return Number.isSafeInteger(number) ? number : undefined
}

function readFlag(name: string, text: string, token: string): Cached<StoredRecord | null> | FlagsError | undefined {
  const entry = counted(name, text, token)
  if (entry === undefined || entry instanceof FlagsError) return entry
  const value = readRecord(name, entry.body)
  return value === undefined || value instanceof FlagsError ? value : { asOf: entry.asOf, value }
}

/** What `flagBody` has written; an error where it is corrupt, `undefined` where a newer build wrote it, which is not ours to replace. */
export function readRecord(name: string, body: string): StoredRecord | null | FlagsError | undefined {
  if (body === 'null') return null
  const record = parseStored(name, fromJson(body))
  return record instanceof FlagsError && record.code === 'RECORD_TOO_NEW' ? undefined : record
}

/** As `Reader.flag`, for the boolean of `isEnabled`. */
export function readCheck(name: string, text: string | null, token: string): Cached<boolean> | FlagsError | undefined {
  const entry = counted(name, text, token)
  if (entry === undefined || entry instanceof FlagsError) return entry
  if (entry.body !== 'true' && entry.body !== 'false') return corrupt(name)
  return { asOf: entry.asOf, value: entry.body === 'true' }
}

/** As `Reader.flag`, for the decision of `evaluate`. */
export function readEndpoint(
  name: string,
  targetingKey: string,
  text: string | null,
  token: string,
): Cached<Decision> | FlagsError | undefined {
  const entry = counted(name, text, token)
  if (entry === undefined || entry instanceof FlagsError) return entry
  const decision = parseDecision(name, wellFormed(targetingKey), fromJson(entry.body))
  return decision instanceof FlagsError ? decision : { asOf: entry.asOf, value: { ...decision, targetingKey } }
}

/** What follows token and "as of" in a flag's entry. */
export function flagBody(flag: StoredRecord | null): string {
  return JSON.stringify(flag)
}

/** What follows token and "as of" in a decision's entry. */
export function decisionBody({ value, targetingKey }: NonNullable<CacheFill['decision']>): string {
  return typeof value === 'boolean' ? String(value) : JSON.stringify({ ...value, targetingKey: wellFormed(targetingKey) })
}

function counted(name: string, text: string | null, token: string): Counted | FlagsError | undefined {
  if (text === null) return undefined
  if (!text.startsWith(token) || text[token.length] !== '|') return ENTRY.test(text) ? undefined : corrupt(name)
  const end = text.indexOf('|', token.length + 1)
  const asOf = end < 0 ? undefined : parseNumber(text.slice(token.length + 1, end))
  return asOf === undefined ? corrupt(name) : { asOf, body: text.slice(end + 1) }
}

function corrupt(name: string): FlagsError {
  return new FlagsError('PARSE_ERROR', `Flag ${name} is cached wrongly; the next load replaces it.`, { flag: name })
}

/** `undefined` stands for what is not JSON: no schema accepts it. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Keys that differ in lone surrogates only are one key in Redis, where text is UTF-8; they hash alike too, so one decision fits all.
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}
