import type { Clock } from '../../contracts/index.ts'

/** Which holders have a listener slot until when, for each store. */
export class ListenerSlots {
  readonly #clock: Clock
  readonly #byStore = new Map<string, Map<string, number>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  take(storeId: string, holder: string, slots: number, ttlMs: number): boolean {
    const now = this.#clock.monotonic()
    const taken = this.#byStore.get(storeId) ?? new Map<string, number>()
    this.#byStore.set(storeId, taken)
    for (const [other, until] of taken) if (until <= now) taken.delete(other)
    if (ttlMs === 0) taken.delete(holder)
    else if (taken.has(holder) || taken.size < slots) taken.set(holder, now + ttlMs)
    return taken.has(holder)
  }

  clear(): void {
    this.#byStore.clear()
  }
}
