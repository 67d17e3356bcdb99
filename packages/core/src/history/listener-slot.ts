import { randomUUID } from 'node:crypto'
import type { SharedLayer } from '../layers/shared-layer.ts'

/** How many processes of a fleet listen to the store itself. */
const SLOTS = 3
/** A process that is gone loses its slot after this; each poll renews it, or asks for one. */
const SLOT_MS = 30_000

/**
 * One of the few slots whose holders listen to the store itself. The other processes hear through the cache, as every process raises the fences of
 * the changes that it learns of. Where the cache gives out no slots, or could never be asked, every process listens.
 */
export class ListenerSlot {
  readonly #shared: SharedLayer
  readonly #holder = randomUUID()
  #wasAnswered = false
  #taken = false

  constructor(shared: SharedLayer) {
    this.#shared = shared
  }

  /** Whether the cache gives out slots. */
  get offered(): boolean {
    return this.#shared.hasListenerSlots
  }

  /** Takes or renews a slot; returns whether this process may listen. Where the cache cannot be asked, the last answer stands. Never rejects. */
  async take(): Promise<boolean> {
    if (!this.offered) return true
    try {
      this.#taken = await this.#shared.takeListenerSlot(this.#holder, SLOTS, SLOT_MS)
      this.#wasAnswered = true
    } catch {
      // Reads report that the cache fails.
    }
    return this.#taken || !this.#wasAnswered
  }

  async release(): Promise<void> {
    if (!this.#taken) return
    this.#taken = false
    try {
      await this.#shared.takeListenerSlot(this.#holder, SLOTS, 0)
    } catch {
      // It expires by itself.
    }
  }
}
