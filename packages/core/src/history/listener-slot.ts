import { randomUUID } from 'node:crypto'
import type { SharedLayer } from '../layers/shared-layer.ts'

/** So many processes of a fleet hold a connection on which the store tells of changes. */
const SLOTS = 3
/** A process that is gone loses its place after this; the others ask with every poll. */
const KEEP_MS = 30_000

/**
 * One of the few places from which a process follows the store itself. The others hear through the cache, which every process tells of what
 * it learns. Where the cache has no places, or cannot be asked, everybody may.
 */
export class ListenerSlot {
  readonly #shared: SharedLayer
  readonly #holder = randomUUID()
  #answered = false
  #taken = false

  constructor(shared: SharedLayer) {
    this.#shared = shared
  }

  /** Whether places are given out at all. */
  get offered(): boolean {
    return this.#shared.hasListenerSlots
  }

  /** Takes or keeps a place; answers whether this process may follow the store. Who cannot ask goes on as before. Never rejects. */
  async take(): Promise<boolean> {
    if (!this.offered) return true
    try {
      this.#taken = await this.#shared.takeListenerSlot(this.#holder, SLOTS, KEEP_MS)
      this.#answered = true
    } catch {
      // Reads report what is wrong with the cache.
    }
    return this.#taken || !this.#answered
  }

  async leave(): Promise<void> {
    if (!this.#taken) return
    this.#taken = false
    try {
      await this.#shared.takeListenerSlot(this.#holder, SLOTS, 0)
    } catch {
      // It ends by itself.
    }
  }
}
