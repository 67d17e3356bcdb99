import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '../seeded-random.ts'
import type { GuaranteePeriod } from './check-run.ts'
import type { EventHistory } from './event-history.ts'
import { type FaultTargets, injectFaults } from './inject-faults.ts'
import type { SqlEditor } from './sql-editor.ts'
import type { WorkerFleet } from './worker-fleet.ts'
import { FLAGS, now, type WorkerStatus } from './worker-messages.ts'

const CALM_MS = 5_000
/** Longer than the poll, also if the loss of a channel has delayed it. */
const WITHOUT_HINTS_MS = 20_000
/** Longer than the lease. */
const ISOLATION_MS = 33_000
const CONVERGE_MS = 30_000

export interface TorturePhasesResult {
  readonly periods: readonly GuaranteePeriod[]
  readonly faults: number
  /** The time from the last fault until every process had its channels and knew the clock. */
  readonly healedMs: number
  /** The time from the final updates until every process answered them. */
  readonly convergedMs: number
}

/** The phases of a run: no faults, random faults, processes without hints, final updates. */
export class TorturePhases {
  readonly #targets: FaultTargets
  readonly #fleet: WorkerFleet
  readonly #history: EventHistory
  readonly #editor: SqlEditor
  readonly #random: SeededRandom
  readonly #periods: GuaranteePeriod[] = []

  constructor(targets: FaultTargets, history: EventHistory, editor: SqlEditor, random: SeededRandom) {
    this.#targets = targets
    this.#fleet = targets.fleet
    this.#history = history
    this.#editor = editor
    this.#random = random
  }

  async run(faultsMs: number): Promise<TorturePhasesResult> {
    const fleet = this.#fleet
    await this.#waitUntilCaughtUp()
    this.#editor.start()
    await fleet.writer.write(true)
    await this.#calm()

    const disconnected = fleet.byName('disconnected')
    const away = now()
    this.#note('disconnected: everything black-holed')
    fleet.isolated.add('disconnected')
    for (const link of Object.values(disconnected.links)) link.blackHole()
    const { faults, healedMs } = await this.#faults(faultsMs)
    await this.#withoutHints(away + ISOLATION_MS)
    this.#addPeriod('G4', 'disconnected: no PostgreSQL, no Redis', 'lease 30 s', 35_000, away, (name) => name === 'disconnected')
    this.#note('everything healed')
    fleet.isolated.clear()
    fleet.heal()
    const convergedMs = await this.#finalUpdates()
    return { periods: this.#periods, faults, healedMs, convergedMs }
  }

  async #calm(): Promise<void> {
    const from = now()
    this.#note('calm')
    await sleep(CALM_MS)
    const alone = ['redis-only', 'listen-only']
    this.#addPeriod('G3', 'both channels up', 'milliseconds', 5_000, from, (name) => !alone.includes(name))
    this.#addPeriod('G3', 'Redis channel up, no LISTEN', 'milliseconds', 5_000, from, (name) => name === 'redis-only')
    this.#addPeriod('G3', 'LISTEN up, no Redis channel', 'milliseconds', 5_000, from, (name) => name === 'listen-only')
  }

  async #faults(ms: number): Promise<{ readonly faults: number; readonly healedMs: number }> {
    const from = now()
    this.#note('random faults')
    const faults = await injectFaults(this.#targets, this.#random, ms)
    this.#fleet.heal()
    this.#addPeriod('G4', 'random faults', 'lease 30 s', 35_000, from, (name) => name !== 'disconnected')
    return { faults, healedMs: await this.#waitUntilCaughtUp() }
  }

  /** Two workers get no hints: for the reader the connections stay open, for redis-only they are closed. */
  async #withoutHints(until: number): Promise<void> {
    const from = now()
    this.#note('reader: LISTEN and Redis black-holed; redis-only: Redis cut')
    const [reader, only] = [this.#fleet.byName('reader'), this.#fleet.byName('redis-only')]
    for (const { role } of [reader, only]) this.#fleet.isolated.add(role.name)
    reader.links.listen.blackHole()
    reader.links.redis.blackHole()
    only.links.redis.cut()
    await sleep(Math.max(WITHOUT_HINTS_MS, until - from))
    this.#addPeriod('G4', 'every hint lost in silence', 'poll 10 s', 15_000, from, (name) => name === 'reader')
    this.#addPeriod('G4', 'no channel up', 'poll 2 s', 7_000, from, (name) => name === 'redis-only')
    this.#addPeriod(
      'G3',
      'the others meanwhile',
      'milliseconds',
      5_000,
      from,
      (name) => !['reader', 'redis-only', 'disconnected'].includes(name),
    )
  }

  async #finalUpdates(): Promise<number> {
    await this.#editor.stop()
    await this.#fleet.writer.write(false)
    this.#note('final updates')
    const newest = await this.#fleet.writer.writeFinalUpdates()
    if (newest.length !== FLAGS.length || newest.includes(-1)) throw new Error(`The final updates failed: ${newest}`)
    return await this.#waitUntil(
      () => this.#fleet.statuses(),
      ({ versions }) => versions.every((version, index) => version === newest[index]),
      'every process answers the final updates',
    )
  }

  /** Waits until every process has its channels, a lease, and the clock of now. Returns how long that took. */
  async #waitUntilCaughtUp(): Promise<number> {
    const expected = new Map(this.#fleet.workers.map(({ role }) => [role.name, role.channels === 'both' ? 2 : 1]))
    await this.#history.readChangeLog()
    const { version } = this.#history
    return await this.#waitUntil(
      () => this.#fleet.statuses(),
      ({ channels, leased, clock }, name) => leased && clock >= version && channels === expected.get(name),
      'every process has its channels and its lease',
    )
  }

  /** Waits until the status of every worker is good. Returns how long that took; rejects with the workers that are not. */
  async #waitUntil(
    ask: () => Promise<ReadonlyMap<string, WorkerStatus>>,
    good: (status: WorkerStatus, name: string) => boolean,
    what: string,
  ): Promise<number> {
    const from = now()
    for (;;) {
      const bad = [...(await ask())].filter(([name, status]) => !good(status, name))
      if (bad.length === 0) return now() - from
      if (now() - from > CONVERGE_MS) throw new Error(`Not within ${CONVERGE_MS} ms: ${what}. ${JSON.stringify(bad)}`)
      await sleep(10)
    }
  }

  #addPeriod(
    guarantee: string,
    what: string,
    promise: string,
    boundMs: number,
    from: number,
    concerns: (process: string) => boolean,
  ): void {
    this.#periods.push({ guarantee, what, promise, boundMs, from, to: now(), concerns })
  }

  #note(text: string): void {
    this.#targets.note(text)
  }
}
