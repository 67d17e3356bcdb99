import type { FlagUse, FlagUses } from '../../contracts/index.ts'

interface Entry {
  readonly last: FlagUse
  /** Milliseconds since 1970. */
  readonly first: number
  readonly at: number
}

/** The last use of each outcome of each flag. */
export class RecordedUses {
  readonly #entries = new Map<string, Entry>()

  /** `now` in milliseconds since 1970; a later use counts as of now. */
  note(use: FlagUse, now: number): void {
    const at = Math.min(Date.parse(use.at), now)
    // Unambiguous, as no flag's name has a space.
    const key = `${use.flag} ${use.variant === undefined ? use.enabled : JSON.stringify([use.enabled, use.variant])}`
    const known = this.#entries.get(key)
    if (known !== undefined && known.at >= at) return
    this.#entries.set(key, { last: { ...use, at: new Date(at).toISOString() }, first: known?.first ?? at, at })
  }

  get all(): FlagUses {
    const entries = [...this.#entries.values()]
    if (entries.length === 0) return { uses: [] }
    const since = entries.reduce((earliest, { first }) => Math.min(earliest, first), Number.POSITIVE_INFINITY)
    return { since: new Date(since).toISOString(), uses: entries.map(({ last }) => last) }
  }

  prune(exists: (flag: string) => boolean): void {
    for (const [key, { last }] of this.#entries) if (!exists(last.flag)) this.#entries.delete(key)
  }
}
