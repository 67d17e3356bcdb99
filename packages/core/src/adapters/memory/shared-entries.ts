import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type {
  Cached,
  CacheFill,
  CacheFillValue,
  CacheUpdatedRecord,
  CacheWant,
  ChannelListener,
  Clock,
  Decision,
  StoredRecord,
  Unsubscribe,
} from '../../contracts/index.ts'
import { HintBroadcast } from './hint-broadcast.ts'
import { ListenerSlots } from './listener-slots.ts'

const FENCE_MS = 24 * 60 * 60 * 1_000
const PLACEHOLDER_MS = 60 * 1_000

/** Entries of a flag count where they carry its fence's token. */
export interface Fence {
  readonly storeId: string
  readonly version: number
  /** `<storeId>.<version>.<nonce>`, never used before. */
  readonly token: string
}

interface Entry extends Cached<StoredRecord | null | boolean | Decision> {
  readonly token: string
}

interface Held {
  readonly fence?: Fence
  readonly entry?: Entry
  /** On the clock's monotonic scale. */
  readonly expiresAt: number
}

// A flag's name has no ":", so these keys never collide.
const fenceKey = (name: string): string => `fence:${name}`
const flagKey = (name: string): string => `flag:${name}`
const decisionKey = (name: string, { kind, targetingKey }: NonNullable<CacheWant['decision']>): string => `${kind}:${name}:${targetingKey}`

/**
 * What several clients share: the memory adapter's counterpart of one Redis. Each method does what one of the Redis adapter's scripts does.
 *
 * It may drop anything at any time to stay within `maxEntries`. A dropped fence does no harm: the next one has another nonce, so no entry
 * under the old one counts.
 */
export class SharedEntries {
  readonly #clock: Clock
  readonly #held: LRUCache<string, Held>
  readonly #hints = new HintBroadcast()
  readonly listenerSlots: ListenerSlots

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock
    this.listenerSlots = new ListenerSlots(clock)
    // Not `max`, which reserves the memory for all entries at once.
    this.#held = new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 })
  }

  fenceOf(name: string): Fence | undefined {
    return this.#live(fenceKey(name))?.fence
  }

  /** The entries that count under a flag's fence: the flag, and the decision where one is wanted. */
  counted(
    fence: Fence,
    { name, decision }: CacheWant,
  ): { readonly flag?: Cached<StoredRecord | null>; readonly decision?: Cached<boolean | Decision> } {
    const flag = this.#entry(fence, flagKey(name)) as Cached<StoredRecord | null> | undefined
    const decided = decision && (this.#entry(fence, decisionKey(name, decision)) as Cached<boolean | Decision> | undefined)
    return { ...(flag && { flag }), ...(decided && { decision: decided }) }
  }

  /** Replaces the flag's fence, if there is one, by a placeholder. */
  installPlaceholder(storeId: string, name: string): Fence {
    return this.#setFence(storeId, name, 0, PLACEHOLDER_MS)
  }

  /** Keeps all of the fill, or nothing. */
  fill({ name, token, flag, decision }: CacheFill): boolean {
    const fence = this.fenceOf(name)
    if (fence === undefined || fence.token !== token) return false
    const values: [string, CacheFillValue<Entry['value']>][] = []
    if (flag) values.push([flagKey(name), flag])
    if (decision) values.push([decisionKey(name, decision), decision])
    const refused = values.some(([key, { asOf }]) => asOf < fence.version || asOf < (this.#entry(fence, key)?.asOf ?? 0))
    if (refused) return false
    for (const [key, { asOf, value, ttlMs }] of values) this.#set(key, { entry: { token, asOf, value } }, ttlMs)
    // Callers may ask for any number of names that do not exist: only the fence of an existing flag is kept for long.
    const exists = flag !== undefined && flag.value !== null
    if (fence.version === 0 && exists) this.#set(fenceKey(name), { fence }, FENCE_MS)
    return true
  }

  invalidate(storeId: string, name: string, version: number, updatedRecord?: CacheUpdatedRecord): 'raised' | 'already' {
    const fence = this.fenceOf(name)
    if (fence?.storeId === storeId && fence.version >= version) return 'already'
    const key = flagKey(name)
    const overtaken = fence && this.#entry(fence, key)
    const { token } = this.#setFence(storeId, name, version, FENCE_MS)
    this.#held.delete(key)
    const follows =
      updatedRecord !== undefined && fence?.storeId === storeId && fence.token === updatedRecord.token && (overtaken?.asOf ?? 0) <= version
    if (follows) this.#set(key, { entry: { token, asOf: version, value: updatedRecord.value } }, updatedRecord.ttlMs)
    this.#hints.publish(storeId, { name, version, ...(follows && { flag: updatedRecord.value }) })
    return 'raised'
  }

  forget(name: string): void {
    this.#held.delete(fenceKey(name))
    this.#held.delete(flagKey(name))
  }

  purge(): number {
    const live = [...this.#held.keys()].filter((key) => this.#live(key) !== undefined).length
    this.#held.clear()
    this.listenerSlots.clear()
    return live
  }

  subscribe(listener: ChannelListener, follows: (storeId: string) => boolean): Unsubscribe {
    return this.#hints.subscribe(listener, follows)
  }

  #live(key: string): Held | undefined {
    const held = this.#held.get(key)
    if (held === undefined || held.expiresAt > this.#clock.monotonic()) return held
    this.#held.delete(key)
    return undefined
  }

  #set(key: string, held: Omit<Held, 'expiresAt'>, ttlMs: number): void {
    this.#held.set(key, { ...held, expiresAt: this.#clock.monotonic() + ttlMs })
  }

  #setFence(storeId: string, name: string, version: number, ttlMs: number): Fence {
    const fence = { storeId, version, token: `${storeId}.${version}.${randomBytes(9).toString('base64url')}` }
    this.#set(fenceKey(name), { fence }, ttlMs)
    return fence
  }

  #entry(fence: Fence, key: string): Cached<Entry['value']> | undefined {
    const entry = this.#live(key)?.entry
    return entry?.token === fence.token ? { asOf: entry.asOf, value: entry.value } : undefined
  }
}
