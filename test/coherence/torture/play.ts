import { setTimeout as sleep } from 'node:timers/promises'
import type { Chronicle } from './chronicle.ts'
import type { Crew } from './crew.ts'
import type { Dice } from './dice.ts'
import type { Editor } from './editor.ts'
import type { Stretch } from './evidence.ts'
import { storm, type Theatre } from './faults.ts'
import { FLAGS, now, type Status } from './protocol.ts'

const CALM_MS = 5_000
/** Longer than the poll, and than the poll put off by the news that a channel is down. */
const DEAF_MS = 20_000
/** Longer than the lease. */
const HERMIT_MS = 33_000
const CONVERGE_MS = 30_000

export interface Acted {
  readonly stretches: readonly Stretch[]
  readonly faults: number
  /** After the storm, until every process had its channels back and knew the clock. */
  readonly healedMs: number
  /** After the final updates, until every process answered them. */
  readonly convergedMs: number
}

/** The acts of a round: calm, storm, deaf processes, finale. */
export class Play {
  readonly #theatre: Theatre
  readonly #crew: Crew
  readonly #chronicle: Chronicle
  readonly #editor: Editor
  readonly #dice: Dice
  readonly #stretches: Stretch[] = []

  constructor(theatre: Theatre, chronicle: Chronicle, editor: Editor, dice: Dice) {
    this.#theatre = theatre
    this.#crew = theatre.crew
    this.#chronicle = chronicle
    this.#editor = editor
    this.#dice = dice
  }

  async perform(stormMs: number): Promise<Acted> {
    const crew = this.#crew
    await this.#caughtUp()
    this.#editor.start()
    await crew.writer.write(true)
    await this.#calm()

    const hermit = crew.named('hermit')
    const away = now()
    this.#note('hermit: everything black-holed')
    crew.isolated.add('hermit')
    for (const link of Object.values(hermit.links)) link.blackHole()
    const { faults, healedMs } = await this.#storm(stormMs)
    await this.#deaf(away + HERMIT_MS)
    this.#mark('G4', 'hermit: no PostgreSQL, no Redis', 'lease 30 s', 35_000, away, (name) => name === 'hermit')
    this.#note('everything healed')
    crew.isolated.clear()
    crew.heal()
    const convergedMs = await this.#finale()
    return { stretches: this.#stretches, faults, healedMs, convergedMs }
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

  async #storm(ms: number): Promise<{ readonly faults: number; readonly healedMs: number }> {
    const from = now()
    this.#note('storm')
    const faults = await storm(this.#theatre, this.#dice, ms)
    this.#crew.heal()
    this.#mark('G4', 'storm: faults at random', 'lease 30 s', 35_000, from, (name) => name !== 'hermit')
    return { faults, healedMs: await this.#caughtUp() }
  }

  /** Some hear nothing: one that has not been told so, and one that knows. */
  async #deaf(until: number): Promise<void> {
    const from = now()
    this.#note('reader: LISTEN and Redis black-holed; redis-only: Redis cut')
    const [reader, only] = [this.#crew.named('reader'), this.#crew.named('redis-only')]
    for (const { role } of [reader, only]) this.#crew.isolated.add(role.name)
    reader.links.listen.blackHole()
    reader.links.redis.blackHole()
    only.links.redis.cut()
    await sleep(Math.max(DEAF_MS, until - from))
    this.#mark('G4', 'every hint lost in silence', 'poll 10 s', 15_000, from, (name) => name === 'reader')
    this.#mark('G4', 'no channel up', 'poll 2 s', 7_000, from, (name) => name === 'redis-only')
    this.#mark('G3', 'the others meanwhile', 'milliseconds', 5_000, from, (name) => !['reader', 'redis-only', 'hermit'].includes(name))
  }

  async #finale(): Promise<number> {
    await this.#editor.stop()
    await this.#crew.writer.write(false)
    this.#note('finale')
    const newest = await this.#crew.writer.finale()
    if (newest.length !== FLAGS.length || newest.includes(-1)) throw new Error(`The final updates failed: ${newest}`)
    return await this.#until(
      () => this.#crew.statuses(),
      ({ versions }) => versions.every((version, index) => version === newest[index]),
      'every process answers the final updates',
    )
  }

  /** Every process has its channels, a lease, and has been at the clock of when it was asked. */
  async #caughtUp(): Promise<number> {
    const expected = new Map(this.#crew.members.map(({ role }) => [role.name, role.channels === 'both' ? 2 : 1]))
    await this.#chronicle.look()
    const { version } = this.#chronicle
    return await this.#until(
      () => this.#crew.statuses(),
      ({ channels, leased, clock }, name) => leased && clock >= version && channels === expected.get(name),
      'every process has its channels and its lease',
    )
  }

  /** How long it took; rejects with who does not. */
  async #until(
    ask: () => Promise<ReadonlyMap<string, Status>>,
    good: (status: Status, name: string) => boolean,
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
    this.#stretches.push({ guarantee, what, promise, boundMs, from, to: now(), concerns })
  }

  #note(text: string): void {
    this.#theatre.note(text)
  }
}
