import { Admin } from './admin/admin.ts'
import type { Flags } from './client/flags.ts'
import { FlagsClient } from './client/flags-client.ts'
import { type FlagsOptions, resolveOptions } from './client/options.ts'
import { Explainer } from './explain/explainer.ts'
import { CatchUp } from './history/catch-up.ts'
import { ChangeApplier } from './history/change-applier.ts'
import { Claims } from './history/claims.ts'
import { ClientEvents } from './history/client-events.ts'
import { ContiguousHints } from './history/contiguous-hints.ts'
import { Floors } from './history/floors.ts'
import { HintChannels } from './history/hint-channels.ts'
import { HintSubscriptions } from './history/hint-subscriptions.ts'
import { LeaseEvents } from './history/lease-events.ts'
import { Seat } from './history/listener-slot.ts'
import { AllFlags } from './layers/all-flags.ts'
import { Background } from './layers/background.ts'
import { Compiler } from './layers/compiler.ts'
import { Invalidations } from './layers/invalidations.ts'
import { loadEngines } from './layers/load-engines.ts'
import { loadHash } from './layers/load-hash.ts'
import { MemoryLayer } from './layers/memory-layer.ts'
import { Replica } from './layers/replica.ts'
import { SharedLayer } from './layers/shared-layer.ts'
import { SingleFlight } from './layers/single-flight.ts'
import { StoreLayer } from './layers/store-layer.ts'
import { Decider } from './read/decider.ts'
import { DependencyReader } from './read/dependency-reader.ts'
import { LayerCounts } from './read/layer-counts.ts'
import { ReadPath } from './read/read-path.ts'
import { StaleFallback } from './read/stale-fallback.ts'
import { UseTracker } from './read/use-tracker.ts'
import { SnapshotSource } from './snapshot/snapshot-source.ts'
import type { FlagSchema } from './validate/define-flags.ts'
import { WritePath } from './write/write-path.ts'

/** A process has a floor of its own for at least so many flags. */
const MIN_FLOORS = 10_000

/**
 * A client. It opens nothing yet: the first call or `ready()` does. Two clients share nothing but the adapters that both were given.
 *
 * Throws `INVALID_OPTIONS`, naming the option.
 */
export function createFlags<const S extends FlagSchema = FlagSchema>(options: FlagsOptions<S>): Flags<S> {
  const {
    store,
    cache,
    schema,
    maxFlags,
    ttl,
    cacheTimeoutMs,
    storeTimeoutMs,
    background: timers,
    trackUses,
    onError,
    clock,
  } = resolveOptions(options)

  const reporter = new ClientEvents(clock, onError)
  const { report } = reporter
  const background = new Background(clock, report)
  const counts = new LayerCounts()

  const floors = new Floors(Math.max(MIN_FLOORS, 2 * maxFlags))
  const memory = new MemoryLayer(maxFlags, clock, floors)
  const shared = new SharedLayer(cache, clock, cacheTimeoutMs, ttl, report)
  const source = new StoreLayer(store, clock, storeTimeoutMs)
  const compiler = new Compiler(clock, { loadHash, loadEngines }, report)
  const all = new AllFlags(compiler, report)
  const loads = new SingleFlight(background)
  const uses = new UseTracker(trackUses, clock, source, background, report)

  const channels = new HintChannels(background, clock, (channel, missed) => hints?.suspect(channel, missed))
  const changeApplier = new ChangeApplier(floors, memory, loads, compiler, all, reporter, channels)
  const contiguousHints = new ContiguousHints()
  const invalidations = new Invalidations(shared, background, timers, report)
  const leaseEvents = new LeaseEvents(memory, reporter, background, timers)
  const claims = new Claims(changeApplier, shared, background, report)
  const catchUp = new CatchUp({
    clock,
    store: source,
    shared,
    memory,
    leaseEvents,
    compiler,
    uses,
    changeApplier,
    invalidations,
    claims,
    channels,
    contiguousHints,
    background,
    report,
    timers,
    begin: () => background.run('Hint channels could not be opened', async () => await hints?.open()),
    openMs: Math.max(cacheTimeoutMs, storeTimeoutMs),
  })
  const seat = new Seat(shared)
  const hints = timers
    ? new HintSubscriptions({ store, cache, catchUp, changeApplier, channels, contiguousHints, claims, seat, background, report, clock })
    : undefined
  const replica = new Replica(source, catchUp, report)
  const staleFallback = new StaleFallback({ clock, replica, floors, compiler, catchUp, claims, report })
  const reads = new ReadPath({
    memory,
    shared,
    store: source,
    staleFallback,
    compiler,
    loads,
    floors,
    catchUp,
    contiguousHints,
    claims,
    invalidations,
    counts,
    report,
  })
  const definitions = new Map(Object.entries(schema))
  const snapshots = new SnapshotSource({
    all,
    store: source,
    staleFallback,
    memory,
    compiler,
    changeApplier,
    floors,
    catchUp,
    clock,
    definitions,
    uses,
    report,
  })
  const dependencyReader = new DependencyReader(reads, floors, catchUp)
  const decider = new Decider({ memory, shared, reads, dependencyReader, catchUp, clock, counts })
  const explainer = new Explainer({ clock, memory, shared, store: source, reads, dependencyReader, floors, catchUp })
  const writes = new WritePath(source, catchUp, changeApplier, invalidations, compiler, background)
  const admin = new Admin({ store: source, clock, definitions, report }, writes, () => client.assertOpen())
  const client: FlagsClient = new FlagsClient({
    store,
    cache,
    definitions,
    memory,
    leaseEvents,
    snapshots,
    uses,
    decider,
    explainer,
    catchUp,
    invalidations,
    channels,
    hints,
    admin,
    background,
    reporter,
    counts,
  })
  // The schema is for types alone.
  return client as unknown as Flags<S>
}
