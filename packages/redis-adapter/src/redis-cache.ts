import {
  type CacheFill,
  type CacheRead,
  type CacheWant,
  type ChannelListener,
  type FlagCache,
  FlagsError,
  type Unsubscribe,
} from '@flagstone/core/adapter'
import { Connection, unavailable } from './connection.ts'
import { decisionBody, flagBody, newToken, parseFence, readCheck, readEndpoint, readFlag } from './entries.ts'
import { type Keys, keysUnder } from './keys.ts'
import { type RedisCacheOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { purgeAll } from './purge.ts'
import { runScript } from './run-script.ts'
import { FILL, INVALIDATE, PLACEHOLDER } from './scripts.ts'
import { formatHint, Subscription } from './subscription.ts'

const FENCE_MS = String(24 * 60 * 60 * 1_000)
const PLACEHOLDER_MS = String(60 * 1_000)

/**
 * Keeps flags and decisions in Redis 6.2 or later, standalone, behind Sentinel or as a cluster. Opens nothing before it is used; throws
 * `INVALID_OPTIONS`, naming the option. Every call that Redis cannot serve rejects at once with `CACHE_UNAVAILABLE`.
 */
export function redisCache(options: RedisCacheOptions): FlagCache {
  return new RedisCache(resolveOptions(options))
}

type Report = (error: FlagsError) => void

/** What one read found, while it is put together. */
type Found = { -readonly [K in keyof CacheRead]: CacheRead[K] }

class RedisCache implements FlagCache {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #subscriptions = new Set<Subscription>()
  #storeId: string | undefined
  #report: Report = () => {}
  #reportedForeign = false

  constructor({ from, prefix }: ResolvedOptions) {
    this.#connection = new Connection(from)
    this.#keys = keysUnder(`${this.#connection.keyPrefix}${prefix}`, this.#connection.isCluster)
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
    const values = await this.#values(wanted)
    const corrupt: string[] = []
    const fenceless: number[] = []
    let at = 0
    const reads = wanted.map((want, index) => {
      const [fence, flag, decision] = [values[at], values[at + 1], want.decision === undefined ? null : values[at + 2]]
      at += want.decision === undefined ? 2 : 3
      const known = typeof fence === 'string' ? parseFence(fence) : undefined
      if (typeof fence === 'string' && known !== undefined && (storeId === undefined || known.storeId === storeId)) {
        const found: Found = { token: storeId === undefined ? undefined : fence, fenceVersion: known.version }
        this.#decode(found, want, fence, flag ?? null, decision ?? null, corrupt)
        return found
      }
      fenceless.push(index)
      return { token: undefined, fenceVersion: 0 } as CacheRead
    })
    if (corrupt.length > 0) await this.#unlink(corrupt)
    if (fenceless.length === 0 || storeId === undefined) return reads
    const fences = await this.#askAll(() => fenceless.map((index) => this.#placeholder((wanted[index] as CacheWant).name, storeId)))
    for (const [n, index] of fenceless.entries()) reads[index] = fences[n] as CacheRead
    return reads
  }

  async fill(fills: readonly CacheFill[]): Promise<readonly boolean[]> {
    const storeId = this.#storeId
    // A token of another store can still be the fence, where `open` came between a read and this fill.
    return this.#askAll(() => fills.map(async (fill) => storeId !== undefined && fill.token.startsWith(`${storeId}.`) && this.#fill(fill)))
  }

  async invalidate(name: string, version: number): Promise<'raised' | 'already'> {
    const storeId = this.#storeId
    if (storeId === undefined) throw unavailable(new Error('open() has not said which store this cache is for.'))
    const keys = [this.#keys.fence(name), this.#keys.flag(name)]
    const hint = formatHint({ name, version })
    const args = [storeId, String(version), newToken(storeId, version), FENCE_MS, this.#keys.channel(storeId), hint]
    const raised = await this.#ask(() => runScript(this.#connection.node, INVALIDATE, keys, args))
    return raised === 1 ? 'raised' : 'already'
  }

  async forget(names: readonly string[]): Promise<void> {
    await this.#askAll(() => names.map((name) => this.#connection.node.unlink(this.#keys.fence(name), this.#keys.flag(name))))
  }

  async purge(): Promise<number> {
    return this.#ask(() => purgeAll(this.#connection, this.#keys))
  }

  /** Called before `open`, it resolves at once, and the subscription begins with `open`. */
  async subscribe(listener: ChannelListener): Promise<Unsubscribe> {
    this.#connection.assertOpen()
    const subscription = new Subscription(this.#connection, listener)
    this.#subscriptions.add(subscription)
    if (this.#storeId !== undefined) await subscription.listen(this.#keys.channel(this.#storeId))
    return async () => {
      this.#subscriptions.delete(subscription)
      await subscription.stop()
    }
  }

  async close(): Promise<void> {
    const closing = [this.#connection.close(), ...[...this.#subscriptions].map((each) => each.stop())]
    this.#subscriptions.clear()
    await Promise.all(closing)
  }

  /** Fence, flag and, where it is wanted, decision of each, one after the other: in one command, or on a cluster in one for each flag. */
  async #values(wanted: readonly CacheWant[]): Promise<readonly (string | null)[]> {
    const keys = wanted.map(({ name, decision }) => {
      const [fence, flag] = [this.#keys.fence(name), this.#keys.flag(name)]
      return decision === undefined ? [fence, flag] : [fence, flag, this.#keys.decision(name, decision.kind, decision.targetingKey)]
    })
    const { node, isCluster } = this.#connection
    const [first] = keys
    if (first !== undefined && keys.length === 1) return this.#ask(() => node.mget(first))
    return isCluster ? (await this.#askAll(() => keys.map((some) => node.mget(some)))).flat() : this.#ask(() => node.mget(keys.flat()))
  }

  #decode(found: Found, want: CacheWant, fence: string, flagText: string | null, decisionText: string | null, corrupt: string[]): void {
    const { name, decision: wanted } = want
    const flag = readFlag(name, flagText, fence)
    if (flag instanceof FlagsError) this.#discard(flag, this.#keys.flag(name), corrupt)
    else if (flag !== undefined) found.flag = flag
    if (wanted === undefined) return
    const { kind, targetingKey } = wanted
    const decision = kind === 'check' ? readCheck(name, decisionText, fence) : readEndpoint(name, targetingKey, decisionText, fence)
    if (decision instanceof FlagsError) this.#discard(decision, this.#keys.decision(name, kind, targetingKey), corrupt)
    else if (decision !== undefined) found.decision = decision
  }

  #discard(error: FlagsError, key: string, corrupt: string[]): void {
    this.#report(error)
    corrupt.push(key)
  }

  // Its "as of" may be garbage too, and then no fill would get past it. A good entry that came meanwhile is lost: a miss, no harm.
  async #unlink(corrupt: readonly string[]): Promise<void> {
    try {
      await this.#askAll(() => corrupt.map((key) => this.#connection.node.unlink(key)))
    } catch {
      // The read has its answer; whoever reads next tries again.
    }
  }

  async #placeholder(name: string, storeId: string): Promise<CacheRead> {
    const args = [storeId, newToken(storeId, 0), PLACEHOLDER_MS]
    const reply = await runScript(this.#connection.node, PLACEHOLDER, [this.#keys.fence(name)], args)
    const [token, found] = reply as [string, 'ours' | 'missing' | 'foreign' | 'corrupt']
    if (found === 'corrupt') {
      this.#report(new FlagsError('PARSE_ERROR', `The fence of flag ${name} in Redis was none; it was replaced.`, { flag: name }))
    }
    if (found === 'foreign' && !this.#reportedForeign) {
      this.#reportedForeign = true
      const message = `Another store keeps flags such as ${name} under the same prefix of this Redis. Give each store a \`prefix\` of its own.`
      this.#report(new FlagsError('CACHE_SHARED_BY_STORES', message, { flag: name }))
    }
    return { token, fenceVersion: parseFence(token)?.version ?? 0 }
  }

  async #fill({ name, token, flag, decision }: CacheFill): Promise<boolean> {
    const keys = [this.#keys.fence(name)]
    const args = [token, flag?.value ? FENCE_MS : '0']
    if (flag !== undefined) {
      keys.push(this.#keys.flag(name))
      args.push(whole(flag.asOf), whole(Math.max(1, Math.ceil(flag.ttlMs))), flagBody(flag.value))
    }
    if (decision !== undefined) {
      keys.push(this.#keys.decision(name, decision.kind, decision.targetingKey))
      args.push(whole(decision.asOf), whole(Math.max(1, Math.ceil(decision.ttlMs))), decisionBody(decision))
    }
    const kept = await runScript(this.#connection.node, FILL, keys, args)
    if (kept === 2) this.#report(new FlagsError('PARSE_ERROR', `Flag ${name} was cached wrongly; it was replaced.`, { flag: name }))
    return kept !== 0
  }

  // Commands of one tick go out in one write, so a batch is one round trip to each node.
  #askAll<T>(start: () => readonly Promise<T>[]): Promise<readonly T[]> {
    return this.#ask(() => Promise.all(start()))
  }

  async #ask<T>(start: () => Promise<T>): Promise<T> {
    try {
      const connecting = this.#connection.ready()
      if (connecting !== undefined) await connecting
      return await start()
    } catch (error) {
      throw unavailable(error)
    }
  }
}

// A script must not stop half-way because Redis refuses a number.
function whole(number: number): string {
  if (Number.isSafeInteger(number) && number >= 0) return String(number)
  throw new FlagsError('INVALID_OPTIONS', `${number} is neither an "as of" nor a time to live in milliseconds.`)
}
