/** Whose entries a cache may answer from: those of its store, or, before it knows that, those of the only store that it has seen. */
export class SeenStores {
  /** At most two: then it is not the only one. */
  readonly #seen = new Set<string>()

  /** `own`: the store that the cache was opened for. */
  accepts(storeId: string, own: string | undefined): boolean {
    if (own !== undefined) return storeId === own
    if (this.#seen.size < 2) this.#seen.add(storeId)
    return this.#seen.size === 1
  }
}
