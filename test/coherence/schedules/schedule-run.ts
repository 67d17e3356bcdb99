import { createFlags, type FlagCache, type Flags, memoryStore } from '@flagstone/core'
import { sharedMemoryCache } from '../../../packages/core/src/adapters/memory/shared-memory-cache.ts'
import { unwatched } from '../../../packages/core/test/client-fleet.ts'
import { ManualClock, settle } from '../../../packages/core/test/manual-clock.ts'
import { type Answer, checkAnswers, type Entry, type Violation, type Write } from '../oracle.ts'
import { randomFrom } from '../seeded-random.ts'
import { TakenSnapshots } from './client-snapshots.ts'
import { drawEvent, drawEventWeights, type EventWeights } from './event-weights.ts'
import { type Faults, scheduledAdapter, withoutSuccessors } from './scheduled-adapter.ts'
import { Scheduler } from './scheduler.ts'

const FLAGS = ['a', 'b'] as const
const STEPS = 400
/** How many turns of the event loop let everything run that can run. */
const TURNS = 3

/** The result of one schedule. `violations` is empty if nothing is wrong. */
export interface ScheduleResult {
  readonly seed: number
  readonly violations: readonly (Violation | { readonly law: string; readonly what: string })[]
  readonly trace: readonly string[]
  readonly answers: number
}

interface Process {
  readonly name: string
  readonly flags: Flags
  /** The highest version of each flag in hints from the cache. */
  readonly heard: Map<string, number>
}

/** Traits of a schedule, which are also drawn at random. */
interface ScheduleTraits {
  /** The share of reads that ask for the newest version. */
  readonly minVersion: number
  /** The share of processes without memory, which read from the cache. */
  readonly memoryless: number
  /** Whether an invalidation stores the new record in the cache. If not, every process loads it. */
  readonly follows: boolean
}

/** One schedule of reads, updates, deletes, re-creations, evictions, lost and duplicate hints, failures and crashes, on the real code. */
class ScheduleRun {
  readonly #seed: number
  readonly #scheduler: Scheduler
  readonly #clock = new ManualClock()
  readonly #store = memoryStore({ clock: this.#clock, flags: FLAGS.map((name) => ({ name, rollout: 100 })) })
  readonly #space = sharedMemoryCache({ clock: this.#clock })
  /** Reads the cache without changing it, because `open()` was never called on it. */
  readonly #observer: FlagCache = this.#space.connect()
  readonly #log: Entry[] = []
  readonly #own = new Map<number, { readonly process: string; readonly at: number; readonly ok: boolean }>()
  readonly #committedAt = new Map<number, number>()
  readonly #found: ScheduleResult['violations'][number][] = []
  readonly #processes: Process[] = []
  readonly #snapshots = new TakenSnapshots(FLAGS)
  #step = 0
  #started = 0
  #fenced = new Map<string, number>()

  readonly #weights: EventWeights
  readonly #traits: ScheduleTraits
  readonly #faults: Faults
  readonly #connect: (cache: FlagCache) => FlagCache

  constructor(seed: number, connect: (cache: FlagCache) => FlagCache) {
    this.#seed = seed
    this.#connect = connect
    this.#scheduler = new Scheduler(seed)
    const { random } = this.#scheduler
    this.#weights = drawEventWeights(this.#scheduler, seed)
    this.#traits = { minVersion: random(), memoryless: 0.8 * random(), follows: random() < 0.5 }
    this.#faults = { fails: 0.1 * random() ** 2, lost: random() ** 2, doubled: 0.3 * random() }
  }

  async run(): Promise<ScheduleResult> {
    await this.#checkCache()
    for (let count = 0; count < 3; count++) await this.#startProcess()
    for (this.#step = 1; this.#step <= STEPS; this.#step++) {
      await this.#runNextEvent()
      await settle(TURNS)
      await this.#checkCache()
    }
    await this.#converge()
    const writes = await this.#writes()
    const { violations, answers } = checkAnswers([...writes, ...this.#log])
    await this.#closeAll()
    const all = [...this.#found, ...violations, ...this.#snapshots.violations(writes)]
    return { seed: this.#seed, violations: all, trace: this.#scheduler.trace, answers }
  }

  async #startProcess(): Promise<void> {
    const memory = this.#scheduler.chance(this.#traits.memoryless) ? false : {}
    const name = `p${this.#started++}`
    const heard = new Map<string, number>()
    const cache = this.#connect(this.#space.connect())
    const flags = createFlags({
      // Some processes get hints only from the cache, and find the rest by polling.
      store: scheduledAdapter(this.#scheduler.chance(0.4) ? unwatched(this.#store) : this.#store, name, this.#scheduler, this.#faults),
      cache: scheduledAdapter(this.#traits.follows ? cache : withoutSuccessors(cache), name, this.#scheduler, this.#faults, (hint) => {
        heard.set(hint.name, Math.max(hint.version, heard.get(hint.name) ?? 0))
      }),
      clock: this.#clock,
      memory,
    })
    this.#processes.push({ name, flags, heard })
    void flags.ready().catch(() => undefined)
    // The hash is compiled in real time. From here on only the schedule decides the order.
    while (!this.#scheduler.waits(name, 'head …')) await settle(1)
  }

  async #runNextEvent(): Promise<void> {
    switch (drawEvent(this.#weights, this.#scheduler.random)) {
      case 'pass':
        return this.#scheduler.passOne()
      case 'ask':
        return this.#ask(this.#scheduler.pick(this.#processes), this.#scheduler.chance(this.#traits.minVersion))
      case 'snapshot':
        return this.#takeSnapshot(this.#scheduler.pick(this.#processes), this.#scheduler.chance(this.#traits.minVersion))
      case 'write':
        return this.#write(this.#scheduler.pick(this.#processes))
      case 'edit':
        return await this.#edit()
      case 'evict':
        return await this.#evict()
      case 'time':
        return await this.#clock.advance(this.#scheduler.pick([20, 120, 900, 2_500]))
      case 'crash':
        return await this.#crash()
    }
  }

  #ask({ name, flags, heard }: Process, withMinVersion: boolean): void {
    const flag = this.#scheduler.pick(FLAGS)
    const from = this.#step
    const told = heard.get(flag)
    const options = withMinVersion ? { minVersion: Math.max(...this.#committedAt.keys()) } : {}
    void flags.evaluate(flag, 'ada', options).then(({ version, asOf, source, reason }) => {
      if (source === 'default' || asOf === undefined) return
      const answer: Answer = {
        ...{ kind: 'answer', process: name, flag, asOf, from, at: this.#step, stale: reason === 'STALE' },
        ...(version === undefined ? {} : { version }),
        ...(told === undefined ? {} : { heard: told }),
        ...options,
      }
      this.#scheduler.trace.push(`${name} answers ${flag}: version ${version ?? 'none'} as of ${asOf} from ${source} (asked at ${from})`)
      this.#log.push(answer)
    })
  }

  /** Logs an answer for each flag of a snapshot. A stale snapshot may be older than earlier answers. */
  #takeSnapshot({ name, flags, heard }: Process, withMinVersion: boolean): void {
    const from = this.#step
    const told = new Map(heard)
    const options = withMinVersion ? { minVersion: Math.max(...this.#committedAt.keys()) } : {}
    const taking = flags.snapshot(options).then((snapshot) => {
      const { asOf, stale } = snapshot
      this.#scheduler.trace.push(`${name} has a snapshot as of ${asOf}${stale ? ', stale' : ''} (asked at ${from})`)
      this.#snapshots.note(name, snapshot)
      if (asOf === undefined) return
      for (const flag of FLAGS) {
        const { version } = snapshot.evaluate(flag, 'ada')
        const known = told.get(flag)
        this.#log.push({
          ...{ kind: 'answer', process: name, flag, asOf, from, at: this.#step, stale, mayGoBack: stale },
          ...(version === undefined ? {} : { version }),
          ...(known === undefined ? {} : { heard: known }),
          ...options,
        })
      }
    })
    taking.catch(({ code }) => {
      // No snapshot of the required version was available, which is allowed.
      if (code !== 'VERSION_NOT_REACHED') this.#found.push({ law: 'snapshot', what: `${name} could not take a snapshot: ${code}` })
    })
  }

  #write({ name, flags }: Process): void {
    const flag = this.#scheduler.pick(FLAGS)
    const { admin } = flags
    void (this.#scheduler.chance(0.25) ? admin.delete(flag) : admin.update(flag, { rollout: 100 })).then(
      ({ version, propagation }) => {
        this.#scheduler.trace.push(`${name} has updated ${flag}: version ${version}, ${propagation}`)
        this.#own.set(version, { process: name, at: this.#step, ok: propagation === 'ok' })
        if (propagation === 'ok') this.#fenced.set(flag, Math.max(version, this.#fenced.get(flag) ?? 0))
      },
      () => void admin.create({ name: flag, rollout: 100 }).catch(() => undefined),
    )
  }

  /** An edit in SQL. Processes learn of it only from the log and its hint. */
  async #edit(): Promise<void> {
    const flag = this.#scheduler.pick(FLAGS)
    this.#scheduler.trace.push(`${flag} is edited`)
    await this.#store.update(flag, {}).catch(() => this.#store.create({ name: flag, rollout: 100 }))
  }

  async #evict(): Promise<void> {
    const flag = this.#scheduler.pick(FLAGS)
    this.#scheduler.trace.push(`fence and value of ${flag} are evicted`)
    await this.#observer.forget([flag])
  }

  async #crash(): Promise<void> {
    const [process] = this.#processes.splice(Math.floor(this.#scheduler.random() * this.#processes.length), 1)
    if (process === undefined) return
    this.#scheduler.crash(process.name)
    await this.#startProcess()
  }

  /** Law: no valid cache entry is older than an update that resolved with `ok`. */
  async #checkCache(): Promise<void> {
    const reads = await this.#observer.read(FLAGS.map((name) => ({ name, decision: { kind: 'endpoint', targetingKey: 'ada' } })))
    FLAGS.forEach((name, index) => {
      const needed = this.#fenced.get(name) ?? 0
      for (const entry of [reads[index]?.flag, reads[index]?.decision]) {
        if (entry === undefined || entry.asOf >= needed) continue
        this.#found.push({ law: 'cache older than ok', what: `${name} as of ${entry.asOf}, though update ${needed} resolved with ok` })
      }
    })
    const { cursor } = await this.#store.head()
    for (let version = cursor.version; version > 0 && !this.#committedAt.has(version); version--) {
      this.#committedAt.set(version, this.#step)
    }
  }

  /** Stops all faults, lets everything finish and the poll run. After that every process must answer the newest version. */
  async #converge(): Promise<void> {
    this.#scheduler.calm = true
    for (let round = 0; round < 40; round++) {
      this.#step++
      for (let turn = 0; turn < 400 && this.#scheduler.waiting > 0; turn++) {
        this.#scheduler.passOne()
        await settle(1)
      }
      await this.#clock.advance(1_000)
    }
    for (const { name, flags } of this.#processes) {
      for (const flag of FLAGS) {
        const answer = await this.#runUntilSettled(flags.evaluate(flag, 'ada'))
        const stored = (await this.#store.load([flag])).flags.get(flag)
        const version = stored && 'version' in stored ? stored.version : undefined
        if (answer?.version === version && answer?.source !== 'default') continue
        this.#found.push({
          law: 'did not converge',
          what: `${name} answers ${flag} at ${answer?.version} (${answer?.source} ${answer?.errorCode}), the store has ${version}`,
        })
      }
      if (this.#weights.snapshot === 0) continue
      const snapshot = await this.#runUntilSettled(flags.snapshot())
      if (snapshot !== undefined) this.#snapshots.note(name, snapshot)
      const { version } = (await this.#store.head()).cursor
      if (snapshot?.asOf === version && !snapshot.stale) continue
      this.#found.push({ law: 'did not converge', what: `${name} has a snapshot as of ${snapshot?.asOf}, the store is at ${version}` })
    }
  }

  /** Runs the schedule until the promise settles. Resolves with `undefined` if it does not settle. */
  async #runUntilSettled<T>(work: Promise<T>): Promise<T | undefined> {
    let outcome: Promise<T> | undefined
    const end = (): void => {
      outcome = work
    }
    void work.then(end, end)
    for (let turn = 0; turn < 4_000 && outcome === undefined; turn++) {
      if (this.#scheduler.waiting > 0) this.#scheduler.passOne()
      else await this.#clock.advance(50)
      await settle(1)
    }
    return await outcome
  }

  async #writes(): Promise<Write[]> {
    const writes: Write[] = []
    for (const flag of FLAGS) {
      for (const { version, operation } of await this.#store.history(flag, { limit: 1_000 })) {
        const own = this.#own.get(version)
        const at = own?.at ?? this.#committedAt.get(version) ?? this.#step
        const process = own === undefined ? {} : { process: own.process }
        writes.push({ ...{ kind: 'write', flag, version, deleted: operation === 'delete', at, propagated: own?.ok ?? false }, ...process })
      }
    }
    return writes
  }

  async #closeAll(): Promise<void> {
    const closed = await this.#runUntilSettled(Promise.all(this.#processes.map(({ flags }) => flags.close())))
    if (closed === undefined) this.#found.push({ law: 'close', what: 'a client did not close' })
  }
}

/** Runs the schedule of a seed. `Math.random` is seeded too, so a seed repeats its schedule exactly. `connect` may weaken the cache. */
export async function runSchedule(seed: number, connect: (cache: FlagCache) => FlagCache = (cache) => cache): Promise<ScheduleResult> {
  const { random } = Math
  Math.random = randomFrom(seed + 1)
  try {
    return await new ScheduleRun(seed, connect).run()
  } finally {
    Math.random = random
  }
}
