import { setTimeout as sleep } from 'node:timers/promises'
import type { GuaranteePeriod } from './check-run.ts'
import type { EventHistory } from './event-history.ts'
import { type FaultTargets, injectFaults } from './faults.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SqlEditor } from './sql-editor.ts'
import type { WorkerFleet } from './worker-fleet.ts'
import { FLAGS, now, type WorkerStatus } from './worker-messages.ts'

const CALM_MS = 5_000
/** Longer than the poll, and than the poll put off by the news that a channel is down. */
const WITHOUT_HINTS_MS = 20_000
/** Longer than the lease. */
const ISOLATION_MS = 33_000
const CONVERGE_MS = 30_000

export interface TorturePhasesResult {
  readonly periods: readonly GuaranteePeriod[]
  readonly faults: number
  /** After the storm, until every process had its channels back and knew the clock. */
  readonly healedMs: number
  /** After the final updates, until every process answered them. */
  readonly convergedMs: number
}

/** The acts of a round: calm, storm, deaf processes, finale. */
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

  async run(stormMs: number): Promise<TorturePhasesResult> {
    const fleet = this.#fleet
    await this.#caughtUp()
    this.#editor.start()
    await fleet.writer.write(true)
    await this.#calm()

    const disconnected = fleet.byName('disconnected')
    const away = now()
    this.#note('disconnected: everything black-holed')
    fleet.isolated.add('disconnected')
    for (const link of Object.values(disconnected.links)) link.blackHole()
    const { faults, healedMs } = await this.#faults(stormMs)
    await this.#withoutHints(away + ISOLATION_MS)
    this.#mark('G4', 'disconnected: no PostgreSQL, no Redis', 'lease 30 s', 35_000, away, (name) => name === 'disconnected')
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
    this.#mark('G3', 'both channels up', 'milliseconds', 5_000, from, (name) => !alone.includes(name))
    this.#mark('G3', 'Redis channel up, no LISTEN', 'milliseconds', 5_000, from, (name) => name === 'redis-only')
    this.#mark('G3', 'LISTEN up, no Redis channel', 'milliseconds', 5_000, from, (name) => name === 'listen-only')
  }

  async #faults(ms: number): Promise<{ readonly faults: number; readonly healedMs: number }> {
    const from = now()
    this.#note('storm')
    const faults = await injectFaults(this.#targets, this.#random, ms)
    this.#fleet.heal()
    this.#mark('G4', 'storm: faults at random', 'lease 30 s', 35_000, from, (name) => name !== 'disconnected')
    return { faults, healedMs: await this.#caughtUp() }
  }

  /** Some hear nothing: one that has not been told so, and one that knows. */
  async #withoutHints(until: number): Promise<void> {
    const from = now()
    this.#note('reader: LISTEN and Redis black-holed; redis-only: Redis cut')
    const [reader, only] = [this.#fleet.byName('reader'), this.#fleet.byName('redis-only')]
    for (const { role } of [reader, only]) this.#fleet.isolated.add(role.name)
    reader.links.listen.blackHole()
    reader.links.redis.blackHole()
    only.links.redis.cut()
    await sleep(Math.max(WITHOUT_HINTS_MS, until - from))
    this.#mark('G4', 'every hint lost in silence', 'poll 10 s', 15_000, from, (name) => name === 'reader')
    this.#mark('G4', 'no channel up', 'poll 2 s', 7_000, from, (name) => name === 'redis-only')
    this.#mark(
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
    this.#note('finalUpdates')
    const newest = await this.#fleet.writer.writeFinalUpdates()
    if (newest.length !== FLAGS.length || newest.includes(-1)) throw new Error(`The final updates failed: ${newest}`)
    return await this.#until(
      () => this.#fleet.statuses(),
      ({ versions }) => versions.every((version, index) => version === newest[index]),
      'every process answers the final updates',
    )
  }

  /** Every process has its channels, a lease, and has been at the clock of when it was asked. */
  async #caughtUp(): Promise<number> {
    const expected = new Map(this.#fleet.workers.map(({ role }) => [role.name, role.channels === 'both' ? 2 : 1]))
    await this.#history.readChangeLog()
    const { version } = this.#history
    return await this.#until(
      () => this.#fleet.statuses(),
      ({ channels, leased, clock }, name) => leased && clock >= version && channels === expected.get(name),
      'every process has its channels and its lease',
    )
  }

  /** How long it took; rejects with who does not. */
  async #until(
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

  #mark(guarantee: string, what: string, promise: string, boundMs: number, from: number, concerns: (process: string) => boolean): void {
    this.#periods.push({ guarantee, what, promise, boundMs, from, to: now(), concerns })
  }

  #note(text: string): void {
    this.#targets.note(text)
  }
}
