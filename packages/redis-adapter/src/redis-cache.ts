import {
  type CacheFill,
  type CacheRead,
  type CacheUpdatedRecord,
  type CacheWant,
  type ChannelListener,
  type FlagCache,
  FlagsError,
  SeenStores,
  type Unsubscribe,
} from '@flagstone/core/adapter'
import { cacheUnavailable } from './connection/cache-unavailable.ts'
import { Connection } from './connection/connection.ts'
import { decisionBody, flagBody, readCheck, readEndpoint } from './entries/entry-format.ts'
import { EntryReader } from './entries/entry-reader.ts'
import { newToken, parseFence } from './entries/fence-token.ts'
import { createKeys, type Keys } from './entries/keys.ts'
import { purgeEntries } from './entries/purge-entries.ts'
import { formatHint, MAX_RECORD_CHARACTERS } from './hints/hint-message.ts'
import { HintSubscription } from './hints/hint-subscription.ts'
import { type RedisCacheOptions, type ResolvedOptions, resolveOptions } from './options/redis-cache-options.ts'
import { FILL, INVALIDATE, LISTENER_SLOT, PLACEHOLDER } from './scripts/lua-scripts.ts'
import { runScript } from './scripts/run-script.ts'

const FENCE_MS = String(24 * 60 * 60 * 1_000)
const PLACEHOLDER_MS = String(60 * 1_000)

/**
 * Caches flags and decisions in Redis 6.2 or later, standalone, with Sentinel or as a cluster. Connects on first use. Throws
 * `INVALID_OPTIONS`, naming the option. Every call that Redis cannot serve rejects at once with `CACHE_UNAVAILABLE`.
 */
export function redisCache(options: RedisCacheOptions): FlagCache {
  return new RedisCache(resolveOptions(options))
}

type Report = (error: FlagsError) => void

/** The result of one read while it is built. */
type MutableRead = { -readonly [K in keyof CacheRead]: CacheRead[K] }

const NOTHING: CacheRead = { token: undefined, fenceVersion: 0 }

class RedisCache implements FlagCache {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #subscriptions = new Set<HintSubscription>()
  readonly #reader = new EntryReader()
  readonly #seenStores = new SeenStores()
  #storeId: string | undefined
  #report: Report = () => {}
  #reportedForeign = false

  constructor({ from, prefix }: ResolvedOptions) {
    this.#connection = new Connection(from)
    this.#keys = createKeys(`${this.#connection.keyPrefix}${prefix}`, this.#connection.isCluster)
  }

  async open(storeId: string, report?: Report): Promise<void> {
    if (!/^[^.|\p{Cc}\p{Cs}]{1,200}$/u.test(storeId)) {
      throw new FlagsError('INVALID_OPTIONS', 'A store id has 1 to 200 characters, none of them a dot, a bar or a control character.')
    }
    this.#storeId = storeId
    this.#report = report ?? (() => {})
    const channel = this.#keys.channel(storeId)
    await Promise.all([this.#connection.open(), ...[...this.#subscriptions].map((each) => each.listen(channel))])
  }

  async read(wanted: readonly CacheWant[]): Promise<readonly CacheRead[]> {
    if (wanted.length === 0) return []
    const storeId = this.#storeId
    let values: readonly (string | null)[]
    try {
      values = await this.#fetchValues(wanted)
    } catch (error) {
      throw cacheUnavailable(error)
    }
    const corrupt: string[] = []
    const fenceless: number[] = []
    const reads: CacheRead[] = []
    let at = 0
    for (const want of wanted) {
      const found = this.#decode(want, storeId, values, at, corrupt)
      if (found === undefined) fenceless.push(reads.length)
      reads.push(found ?? NOTHING)
      at += want.decision === undefined ? 2 : 3
    }
    if (corrupt.length > 0) await this.#unlink(corrupt)
    if (fenceless.length === 0 || storeId === undefined) return reads
    const fences = await this.#runAll(() => fenceless.map((index) => this.#installPlaceholder((wanted[index] as CacheWant).name, storeId)))
    for (const [n, index] of fenceless.entries()) reads[index] = fences[n] as CacheRead
    return reads
  }

  async fill(fills: readonly CacheFill[]): Promise<readonly boolean[]> {
    const storeId = this.#storeId
    // If `open` switched the store between a read and this fill, the token of the other store may still be the fence.
    return this.#runAll(() => fills.map(async (fill) => storeId !== undefined && fill.token.startsWith(`${storeId}.`) && this.#fill(fill)))
  }

  async invalidate(name: string, version: number, updatedRecord?: CacheUpdatedRecord): Promise<'raised' | 'already'> {
    const storeId = this.#openedStoreId()
    const keys = [this.#keys.fence(name), this.#keys.flag(name)]
    const hint = formatHint({ name, version })
    const args = [storeId, String(version), newToken(storeId, version), FENCE_MS, this.#keys.channel(storeId), hint]
    if (updatedRecord !== undefined) {
      const body = flagBody(updatedRecord.value)
      args.push(updatedRecord.token, formatTtl(updatedRecord.ttlMs), body, body.length <= MAX_RECORD_CHARACTERS ? '1' : '0')
    }
    const raised = await this.#run(() => runScript(this.#connection.node, INVALIDATE, keys, args))
    return raised === 1 ? 'raised' : 'already'
  }

  async forget(names: readonly string[]): Promise<void> {
    await this.#runAll(() => names.map((name) => this.#connection.node.unlink(this.#keys.fence(name), this.#keys.flag(name))))
  }

  async purge(): Promise<number> {
    return this.#run(() => purgeEntries(this.#connection, this.#keys))
  }

  /** If called before `open`, it resolves at once, and `open` starts the subscription. */
  async subscribe(listener: ChannelListener): Promise<Unsubscribe> {
    this.#connection.assertOpen()
    const subscription = new HintSubscription(this.#connection, listener)
    this.#subscriptions.add(subscription)
    if (this.#storeId !== undefined) await subscription.listen(this.#keys.channel(this.#storeId))
    return async () => {
      this.#subscriptions.delete(subscription)
      await subscription.stop()
    }
  }

  async takeListenerSlot(holder: string, slots: number, ttlMs: number): Promise<boolean> {
    const keys = this.#keys.listenerSlots(this.#openedStoreId(), slots)
    return (await this.#run(() => runScript(this.#connection.node, LISTENER_SLOT, keys, [holder, formatWholeNumber(ttlMs)]))) === 1
  }

  async close(): Promise<void> {
    const closing = [this.#connection.close(), ...[...this.#subscriptions].map((each) => each.stop())]
    this.#subscriptions.clear()
    await Promise.all(closing)
  }

  #openedStoreId(): string {
    if (this.#storeId === undefined) throw cacheUnavailable(new Error('open() was not called, so this cache does not know its store.'))
    return this.#storeId
  }

  /** Reads fence, flag and, if wanted, decision of each flag: in one command, or on a cluster in one command per flag. */
  #fetchValues(wanted: readonly CacheWant[]): Promise<readonly (string | null)[]> {
    const connecting = this.#connection.ready()
    if (connecting !== undefined) return connecting.then(() => this.#fetchValues(wanted))
    const { node, isCluster } = this.#connection
    const keys = wanted.map((want) => this.#keysOf(want))
    const [first] = keys
    if (first !== undefined && keys.length === 1) return node.mget(first)
    return isCluster ? Promise.all(keys.map((some) => node.mget(some))).then((values) => values.flat()) : node.mget(keys.flat())
  }

  #keysOf({ name, decision }: CacheWant): string[] {
    const keys = [this.#keys.fence(name), this.#keys.flag(name)]
    if (decision !== undefined) keys.push(this.#keys.decision(name, decision.kind, decision.targetingKey))
    return keys
  }

  /** Decodes fence, flag and decision, the values from index `at` on. `undefined` if this store has no fence for the flag. */
  #decode(
    { name, decision: wanted }: CacheWant,
    storeId: string | undefined,
    values: readonly (string | null)[],
    at: number,
    corrupt: string[],
  ): CacheRead | undefined {
    const token = values[at] ?? null
    const fence = token === null ? undefined : this.#reader.fence(name, token)
    if (token === null || fence === undefined || !this.#seenStores.accepts(fence.storeId, storeId)) return undefined
    const found: MutableRead = { token: storeId === undefined ? undefined : token, fenceVersion: fence.version }
    const flag = this.#reader.flag(name, values[at + 1] ?? null, token)
    if (flag instanceof FlagsError) this.#discard(flag, this.#keys.flag(name), corrupt)
    else if (flag !== undefined) found.flag = flag
    if (wanted === undefined) return found
    const { kind, targetingKey } = wanted
    const text = values[at + 2] ?? null
    const decision = kind === 'check' ? readCheck(name, text, token) : readEndpoint(name, targetingKey, text, token)
    if (decision instanceof FlagsError) this.#discard(decision, this.#keys.decision(name, kind, targetingKey), corrupt)
    else if (decision !== undefined) found.decision = decision
    return found
  }

  #discard(error: FlagsError, key: string, corrupt: string[]): void {
    this.#report(error)
    corrupt.push(key)
  }

  // Deleted, because its "as of" may be corrupt too and would make every fill fail. A valid entry stored meanwhile is lost, which is only a
  // miss.
  async #unlink(corrupt: readonly string[]): Promise<void> {
    try {
      await this.#runAll(() => corrupt.map((key) => this.#connection.node.unlink(key)))
    } catch {
      // The read succeeded anyway, and the next read tries again.
    }
  }

  async #installPlaceholder(name: string, storeId: string): Promise<CacheRead> {
    const args = [storeId, newToken(storeId, 0), PLACEHOLDER_MS]
    const reply = await runScript(this.#connection.node, PLACEHOLDER, [this.#keys.fence(name)], args)
    const [token, found] = reply as [string, 'ours' | 'missing' | 'foreign' | 'corrupt']
    if (found === 'corrupt') {
      this.#report(new FlagsError('PARSE_ERROR', `The fence of flag ${name} in Redis was invalid; it was replaced.`, { flag: name }))
    }
    if (found === 'foreign' && !this.#reportedForeign) {
      this.#reportedForeign = true
      const message = `Another store keeps flags such as ${name} under the same prefix of this Redis. Give each store its own \`prefix\`.`
      this.#report(new FlagsError('CACHE_SHARED_BY_STORES', message, { flag: name }))
    }
    return { token, fenceVersion: parseFence(token)?.version ?? 0 }
  }

  async #fill({ name, token, flag, decision }: CacheFill): Promise<boolean> {
    const keys = [this.#keys.fence(name)]
    const args = [token, flag?.value ? FENCE_MS : '0']
    if (flag !== undefined) {
      keys.push(this.#keys.flag(name))
      args.push(formatWholeNumber(flag.asOf), formatTtl(flag.ttlMs), flagBody(flag.value))
    }
    if (decision !== undefined) {
      keys.push(this.#keys.decision(name, decision.kind, decision.targetingKey))
      args.push(formatWholeNumber(decision.asOf), formatTtl(decision.ttlMs), decisionBody(decision))
    }
    const kept = await runScript(this.#connection.node, FILL, keys, args)
    if (kept === 2)
      this.#report(new FlagsError('PARSE_ERROR', `The cached entry of flag ${name} was invalid; it was replaced.`, { flag: name }))
    return kept !== 0
  }

  // ioredis sends commands of one tick in one write, so a batch is one round trip to each node.
  #runAll<T>(start: () => readonly Promise<T>[]): Promise<readonly T[]> {
    return this.#run(() => Promise.all(start()))
  }

  async #run<T>(start: () => Promise<T>): Promise<T> {
    try {
      const connecting = this.#connection.ready()
      if (connecting !== undefined) await connecting
      return await start()
    } catch (error) {
      throw cacheUnavailable(error)
    }
  }
}

/** A time to live in whole milliseconds, at least 1, as Redis expects it. */
function formatTtl(ttlMs: number): string {
  return formatWholeNumber(Math.max(1, Math.ceil(ttlMs)))
}

// Checked here, so that Redis does not reject a number in the middle of a script.
function formatWholeNumber(number: number): string {
  if (Number.isSafeInteger(number) && number >= 0) return String(number)
  throw new FlagsError('INVALID_OPTIONS', `${number} is not a valid "as of" or time to live in milliseconds.`)
}
