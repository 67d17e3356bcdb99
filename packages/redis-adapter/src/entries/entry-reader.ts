import { type Cached, FlagsError, type StoredRecord } from '@flagstone/core/adapter'
import { readFlag } from './entry-format.ts'
import { type Fence, parseFence } from './fence-token.ts'

const MAX_NAMES = 1_000
const MAX_CHARACTERS = 10_000

/** The last text of each name with its parsed value, for at most 1,000 names and texts of at most 10,000 characters. */
class ParsedTexts<T> {
  readonly #byName = new Map<string, { readonly text: string; readonly parsed: T }>()

  get(name: string, text: string): T | undefined {
    const last = this.#byName.get(name)
    return last?.text === text ? last.parsed : undefined
  }

  remember(name: string, text: string, parsed: T): void {
    this.#byName.delete(name)
    if (text.length > MAX_CHARACTERS) return
    const [oldest] = this.#byName.keys()
    if (this.#byName.size >= MAX_NAMES && oldest !== undefined) this.#byName.delete(oldest)
    this.#byName.set(name, { text, parsed })
  }
}

/**
 * Reads fences and flags, and keeps the last parsed value, since most texts are unchanged since the last read. Tokens are compared each
 * time, and a corrupt entry is reported each time. Callers share the returned records and must not change them.
 */
export class EntryReader {
  readonly #fences = new ParsedTexts<Fence>()
  readonly #flags = new ParsedTexts<{ readonly token: string; readonly flag: Cached<StoredRecord | null> }>()

  /** Like `parseFence`. */
  fence(name: string, text: string): Fence | undefined {
    const known = this.#fences.get(name, text)
    if (known !== undefined) return known
    const fence = parseFence(text)
    if (fence !== undefined) this.#fences.remember(name, text, fence)
    return fence
  }

  /** Like `readFlag`. */
  flag(name: string, text: string | null, token: string): Cached<StoredRecord | null> | FlagsError | undefined {
    if (text === null) return undefined
    const known = this.#flags.get(name, text)
    if (known?.token === token) return known.flag
    const flag = readFlag(name, text, token)
    if (flag !== undefined && !(flag instanceof FlagsError)) this.#flags.remember(name, text, { token, flag })
    return flag
  }
}
