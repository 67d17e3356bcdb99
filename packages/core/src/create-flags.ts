import { Admin } from './admin/admin.ts'
import type { Flags } from './client/flags.ts'
import { FlagsClient } from './client/flags-client.ts'
import { type FlagsOptions, resolveOptions } from './client/options.ts'
import { ClientState } from './errors/client-state.ts'
import { Explainer } from './explain/explainer.ts'
import { CatchUp } from './history/catch-up.ts'
import { ChangeApplier } from './history/change-applier.ts'
import { Claims } from './history/claims.ts'
import { ClientEvents } from './history/client-events.ts'
import { ContiguousHints } from './history/contiguous-hints.ts'
import { Floors } from './history/floors.ts'
import { HintChannels } from './history/hint-channels.ts'
import { HintHandler } from './history/hint-handler.ts'
import { HintSubscriptions } from './history/hint-subscriptions.ts'
import { Lease } from './history/lease.ts'
import { LeaseEvents } from './history/lease-events.ts'
import { ListenerSlot } from './history/listener-slot.ts'
import { Poll } from './history/poll.ts'
import { SuspendDetection } from './history/suspend-detection.ts'
import { AllFlags } from './layers/all-flags.ts'
import { BackgroundWork } from './layers/background-work.ts'
import { Compiler } from './layers/compiler.ts'
import { Invalidations } from './layers/invalidations.ts'
import { loadOperatorLibraries } from './layers/load-operator-libraries.ts'
import { loadHash } from './layers/load-xxhash.ts'
import { MemoryLayer } from './layers/memory-layer.ts'
import { SharedLayer } from './layers/shared-layer.ts'
import { SingleFlight } from './layers/single-flight.ts'
import { StoreLayer } from './layers/store-layer.ts'
import { StoreReplica } from './layers/store-replica.ts'
import { Decider } from './read/decider.ts'
import { DependencyReader } from './read/dependency-reader.ts'
import { LayerCounts } from './read/layer-counts.ts'
import { ReadPath } from './read/read-path.ts'
import { StaleFallback } from './read/stale-fallback.ts'
import { UseTracker } from './read/use-tracker.ts'
import { SnapshotSource } from './snapshot/snapshot-source.ts'
import type { FlagSchema } from './validate/define-flags.ts'
import { WritePath } from './write/write-path.ts'

/**
 * Creates a client. It connects on the first call or on `ready()`. Two clients share only the adapters that both were given.
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

  const events = new ClientEvents(clock, onError)
  const { report } = events
  const background = new BackgroundWork(clock, report)
  const counts = new LayerCounts()

  const clientState = new ClientState()
  const floors = new Floors()
  const lease = new Lease(clock)
  const memory = new MemoryLayer(maxFlags, clock, floors, lease)
  const shared = new SharedLayer(cache, clock, cacheTimeoutMs, ttl, report)
  const source = new StoreLayer(store, clock, storeTimeoutMs)
  const compiler = new Compiler(clock, { loadHash, loadOperatorLibraries }, report)
  const all = new AllFlags(compiler, report)
  const loads = new SingleFlight(background, report)
  const invalidations = new Invalidations(shared, background, timers, report)
  const uses = new UseTracker(trackUses, clock, source, background, report)

  const channels = new HintChannels(background, clock)
  const changeApplier = new ChangeApplier({ floors, memory, lease, loads, compiler, all, events, channels })
  const contiguousHints = new ContiguousHints()
  const leaseEvents = new LeaseEvents(lease, events, background, timers)
  const claims = new Claims(changeApplier, shared, background, report)
  const catchUp = new CatchUp({
    clock,
    store: source,
    shared,
    lease,
    leaseEvents,
    compiler,
    changeApplier,
    invalidations,
    claims,
    channels,
    contiguousHints,
    background,
    report,
    timers,
    onCaughtUp: () => uses.startRoundIfDue(),
    openMs: Math.max(cacheTimeoutMs, storeTimeoutMs),
  })
  const hints = timers ? hintSubscriptions() : undefined
  if (timers) new SuspendDetection({ clock, lease, memory, all, catchUp, background, report })

  const replica = new StoreReplica(source, (storeId) => catchUp.acceptsReplica(storeId), report)
  const staleFallback = new StaleFallback({ clock, replica, floors, compiler, catchUp, claims, report })
  const reads = new ReadPath({
    memory,
    lease,
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
    lease,
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
  const explainer = new Explainer({ clock, memory, lease, shared, store: source, reads, dependencyReader, floors, catchUp })
  const writes = new WritePath({ store: source, catchUp, changeApplier, invalidations, compiler, background })
  const admin = new Admin({ store: source, clock, definitions, report }, writes, clientState)
  const client = new FlagsClient({
    store,
    cache,
    definitions,
    clientState,
    memory,
    lease,
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
    events,
    counts,
  })

  function hintSubscriptions(): HintSubscriptions {
    const poll = new Poll({ catchUp, channels, background, clock })
    const handler = new HintHandler({ catchUp, changeApplier, contiguousHints, claims, poll })
    const listenerSlot = new ListenerSlot(shared)
    return new HintSubscriptions({ store, cache, catchUp, channels, handler, poll, listenerSlot, background, report, clock })
  }

  // The schema only narrows the types.
  return client as unknown as Flags<S>
}
