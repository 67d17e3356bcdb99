import * as v from 'valibot'
import type { Change, Clock, FlagRecord, FlagUse, FlagUses, HistoryPage } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import { check } from '../validate/check-input.ts'
import type { FlagDefinition } from '../validate/define-flags.ts'
import { days } from '../validate/number-of-days.ts'
import { type Schema, strict } from '../validate/schema-fields.ts'
import { constantSince } from './constant-since.ts'
import { flagsIn } from './loaded-records.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30

/** After how long a flag is reported; each in days, from 0 to 36,500. */
export interface StaleFlagsOptions {
  /** How long it was not used. Default 30. */
  readonly unusedDays?: number
  /** How long it has given everyone the same answer. Default 30. */
  readonly constantDays?: number
}

const optionsSchema: Schema<StaleFlagsOptions> = strict({
  unusedDays: v.exactOptional(days),
  constantDays: v.exactOptional(days),
})

/**
 * Why a flag may be removed. `expired`: it is past its `expiresAt`. `constant`: it has given everyone the same answer for `constantDays`. `unused`:
 * it was not evaluated for `unusedDays`, it has existed and uses have been tracked for as long, and no other flag requires it. `undeclared`: it is
 * not in the schema given to `createFlags`; never where that has no flags.
 */
export type StaleReason = 'expired' | 'constant' | 'unused' | 'undeclared'

export interface StaleFlag {
  readonly flag: FlagRecord
  /** At least one. */
  readonly reasons: readonly StaleReason[]
  /** Since when a constant flag is so, ISO 8601 in UTC. A change of no answer does not count; a pruned log can make it later than it was. */
  readonly constantSince?: string
  /** When each outcome was last given to a caller, to within about two hours; the latest first. */
  readonly lastUsed: readonly Omit<FlagUse, 'flag'>[]
}

export interface StaleFlagsReport {
  /** By name. */
  readonly flags: readonly StaleFlag[]
  /** The flags of the schema that the store does not have, in the schema's order. */
  readonly missing: readonly string[]
  /** When the store was first told of a use, ISO 8601 in UTC. Absent where it never was, or keeps no uses: then no flag is called unused. */
  readonly trackedSince?: string
}

export interface StaleFlagsParts {
  readonly store: StoreLayer
  readonly clock: Clock
  readonly definitions: ReadonlyMap<string, FlagDefinition>
  readonly report: (error: FlagsError) => void
}

/** Reports which flags may be removed. Rejects as other administration does, and with `INVALID_OPTIONS` for an option out of bounds. */
export async function staleFlags(parts: StaleFlagsParts, options?: StaleFlagsOptions): Promise<StaleFlagsReport> {
  const { store, clock, definitions, report } = parts
  const { unusedDays = DEFAULT_DAYS, constantDays = DEFAULT_DAYS } = check(
    optionsSchema,
    options ?? {},
    'INVALID_OPTIONS',
    'Stale flags cannot be listed with these options',
  )
  const [{ flags: loaded }, tracked] = await Promise.all([
    store.administer('Flags', (source, call) => source.loadAll(call)),
    store.administer('Uses of flags', async (source, call): Promise<FlagUses> => (await source.lastUses?.(call)) ?? { uses: [] }),
  ])
  const now = clock.now()
  const [unusedFrom, constantFrom] = [now - unusedDays * DAY_MS, now - constantDays * DAY_MS]
  const isPast = (at: string | undefined, moment = now): boolean => at !== undefined && Date.parse(at) <= moment

  const flags = flagsIn(loaded, report)
  const required = new Set(flags.flatMap(({ requires = [] }) => requires.map(({ flag }) => flag)))
  const uses = usesByFlag(tracked.uses)
  const stale: StaleFlag[] = []
  for (const flag of flags) {
    const { name, createdAt, expiresAt } = flag
    // A use from before the flag was created is of an earlier flag with the same name.
    const lastUsed = (uses.get(name) ?? []).filter(({ at }) => at >= createdAt)
    const since = isPast(createdAt, constantFrom) ? await constantSince(flag, now, (page) => historyOf(store, name, page)) : undefined
    const isConstant = since !== undefined && since <= constantFrom
    const unusedSince = [tracked.since, createdAt, lastUsed[0]?.at ?? createdAt]
    const applies: Readonly<Record<StaleReason, boolean>> = {
      expired: isPast(expiresAt),
      constant: isConstant,
      unused: unusedSince.every((at) => isPast(at, unusedFrom)) && !required.has(name),
      undeclared: definitions.size > 0 && !definitions.has(name),
    }
    const reasons = (Object.keys(applies) as StaleReason[]).filter((reason) => applies[reason])
    if (reasons.length === 0) continue
    stale.push({ flag, reasons, ...(isConstant && { constantSince: new Date(since).toISOString() }), lastUsed })
  }
  const missing = [...definitions.keys()].filter((name) => !loaded.has(name))
  return { flags: stale, missing, ...(tracked.since !== undefined && { trackedSince: tracked.since }) }
}

async function historyOf(store: StoreLayer, name: string, page: HistoryPage): Promise<readonly Change[]> {
  return await store.administer(`The history of flag ${name}`, (source, call) => source.history(name, page, call))
}

/** The uses of each flag, the latest first. */
function usesByFlag(uses: readonly FlagUse[]): ReadonlyMap<string, readonly Omit<FlagUse, 'flag'>[]> {
  const byFlag = new Map<string, Omit<FlagUse, 'flag'>[]>()
  for (const { flag, ...use } of uses) {
    const others = byFlag.get(flag)
    if (others === undefined) byFlag.set(flag, [use])
    else others.push(use)
  }
  for (const each of byFlag.values()) each.sort((a, b) => (a.at < b.at ? 1 : -1))
  return byFlag
}
