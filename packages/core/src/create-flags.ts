import { Admin } from './admin/admin.ts'
import { Background } from './layers/background.ts'
import { loadEngines } from './layers/load-engines.ts'
import { Explainer } from './explain/explainer.ts'
import type { Flags } from './client/flags.ts'
import { FlagsClient } from './client/flags-client.ts'
import { loadHash } from './layers/load-hash.ts'
import { type FlagsOptions, resolveOptions } from './client/options.ts'
import { AllFlags } from './layers/all-flags.ts'
import { Compiler } from './layers/compiler.ts'
import { Counts } from './read/layer-counts.ts'
import { Decider } from './read/decider.ts'
import { Flights } from './layers/single-flight.ts'
import { Gatherer } from './read/dependency-reader.ts'
import { LastResort } from './read/stale-fallback.ts'
import { MemoryLayer } from './layers/memory-layer.ts'
import { ReadPath } from './read/read-path.ts'
import { Replica } from './layers/replica.ts'
import { SharedLayer } from './layers/shared-layer.ts'
import { Snapshots } from './snapshot/snapshot-source.ts'
import { StoreLayer } from './layers/store-layer.ts'
import { Uses } from './read/use-tracker.ts'
import { Reporter } from './history/client-events.ts'
import type { FlagSchema } from './validate/define-flags.ts'
import { CatchUp } from './history/catch-up.ts'
import { ChangeIntake } from './history/change-applier.ts'
import { Doubts } from './history/claims.ts'
import { Floors } from './history/floors.ts'
import { HintChannels } from './history/hint-channels.ts'
import { HintedClock } from './history/contiguous-hints.ts'
import { Hints } from './history/hint-subscriptions.ts'
import { Invalidations } from './layers/invalidations.ts'
import { LeaseWatch } from './history/lease-events.ts'
import { Seat } from './history/listener-slot.ts'
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

  const reporter = new Reporter(clock, onError)
  const { report } = reporter
  const background = new Background(clock, report)
  const counts = new Counts()

  const floors = new Floors(Math.max(MIN_FLOORS, 2 * maxFlags))
  const memory = new MemoryLayer(maxFlags, clock, floors)
  const shared = new SharedLayer(cache, clock, cacheTimeoutMs, ttl, report)
  const source = new StoreLayer(store, clock, storeTimeoutMs)
  const compiler = new Compiler(clock, { loadHash, loadEngines }, report)
  const all = new AllFlags(compiler, report)
  const flights = new Flights(background)
  const uses = new Uses(trackUses, clock, source, background, report)

  const channels = new HintChannels(background, clock, (channel, missed) => hints?.suspect(channel, missed))
  const intake = new ChangeIntake(floors, memory, flights, compiler, all, reporter, channels)
  const hinted = new HintedClock()
  const invalidations = new Invalidations(shared, background, timers, report)
  const leaseWatch = new LeaseWatch(memory, reporter, background, timers)
  const doubts = new Doubts(intake, shared, background, report)
  const catchUp = new CatchUp({
    clock,
    store: source,
    shared,
    memory,
    leaseWatch,
    compiler,
    uses,
    intake,
    invalidations,
    doubts,
    channels,
    hinted,
    background,
    report,
    timers,
    begin: () => background.run('Hint channels could not be opened', async () => await hints?.open()),
    openMs: Math.max(cacheTimeoutMs, storeTimeoutMs),
  })
  const seat = new Seat(shared)
  const hints = timers ? new Hints({ store, cache, catchUp, intake, channels, hinted, doubts, seat, background, report, clock }) : undefined
  const replica = new Replica(source, catchUp, report)
  const lastResort = new LastResort({ clock, replica, floors, compiler, catchUp, doubts, report })
  const reads = new ReadPath({
    memory,
    shared,
    store: source,
    lastResort,
    compiler,
    flights,
    floors,
    catchUp,
    hinted,
    doubts,
    invalidations,
    counts,
    report,
  })
  const definitions = new Map(Object.entries(schema))
  const snapshots = new Snapshots({
    all,
    store: source,
    lastResort,
    memory,
    compiler,
    intake,
    floors,
    catchUp,
    clock,
    definitions,
    uses,
    report,
  })
  const gatherer = new Gatherer(reads, floors, catchUp)
  const decider = new Decider({ memory, shared, reads, gatherer, catchUp, clock, counts })
  const explainer = new Explainer({ clock, memory, shared, store: source, reads, gatherer, floors, catchUp })
  const writes = new WritePath(source, catchUp, intake, invalidations, compiler, background)
  const admin = new Admin({ store: source, clock, definitions, report }, writes, () => client.assertOpen())
  const client: FlagsClient = new FlagsClient({
    store,
    cache,
    definitions,
    memory,
    leaseWatch,
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
