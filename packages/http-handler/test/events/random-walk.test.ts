import { type Flags, memoryStore } from '@flagstone/core'
import { afterEach, expect, test, vi } from 'vitest'
import { randomFrom } from '../../../../test/coherence/schedules/scheduler.ts'
import { memoryCacheSpace } from '../../../core/src/memory/memory-cache-space.ts'
import { ManualClock, settle } from '../../../core/test/manual-clock.ts'
import { around, unwatched } from '../../../core/test/world.ts'
import { request } from '../handler-fixture.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

/** A walk that fails is walked again by its number: `WALK=7`. */
const WALKS = process.env['WALK'] === undefined ? Array.from({ length: 60 }, (_, index) => index + 1) : [Number(process.env['WALK'])]
const STEPS = 60
const FLAGS = ['a', 'b', 'c'] as const

type StoreState = 'well' | 'refuses' | 'slow'

interface Process {
  readonly site: EventsFixture
  storeState: StoreState
}

interface Client {
  /** What it was told, over all its connections, and where. */
  readonly events: { readonly type: string; readonly version: number }[]
  lastEventId: string | undefined
  reader: EventReader | undefined
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** Clients come, go, and come back elsewhere, while flags change and each process' store refuses or is slow at times. */
class Walk {
  readonly #random: () => number
  readonly #clock = new ManualClock()
  readonly #store = memoryStore({ clock: this.#clock, flags: FLAGS.map((name) => ({ name })) })
  readonly #space = memoryCacheSpace({ clock: this.#clock })
  readonly #processes: readonly Process[]
  readonly #clients: readonly Client[] = [0, 1, 2, 3].map(() => ({ events: [], lastEventId: undefined, reader: undefined }))

  constructor(seed: number) {
    this.#random = randomFrom(seed)
    vi.spyOn(Math, 'random').mockImplementation(randomFrom(seed + 1))
    // One hears of changes by both channels, one by the cache alone, one by none.
    this.#processes = [true, false, false].map((watches, index) => this.#process(watches, index === 2))
  }

  /** What went wrong. */
  async run(): Promise<readonly string[]> {
    await this.#clock.until(Promise.all(this.#processes.map(({ site }) => site.flags.ready())))
    for (let step = 0; step < STEPS; step++) {
      await this.#step()
      await settle(4)
    }
    for (const process of this.#processes) process.storeState = 'well'
    await this.#clock.advance(30_000)
    const log = await this.#store.changes({ limit: 1_000 })
    const versions = log.kind === 'changes' ? log.changes.map(({ version }) => version) : []
    const wrong = this.#clients.flatMap((client) => this.#wrongWith(client, versions))
    for (const { site } of this.#processes) site.eventsHandler.close()
    await this.#clock.until(Promise.all(this.#processes.map(({ site }) => site.flags.close())))
    return wrong
  }

  async #step(): Promise<void> {
    const process = this.#pick(this.#processes)
    const client = this.#pick(this.#clients)
    const dice = this.#random()
    if (dice < 0.3) await this.#store.update(this.#pick(FLAGS), { description: String(dice) })
    else if (dice < 0.45) void this.#update(process.site.flags)
    else if (dice < 0.65) await (client.reader === undefined ? this.#come(client, process) : this.#leave(client))
    else if (dice < 0.8) process.storeState = this.#pick(['well', 'well', 'refuses', 'slow'])
    else await this.#clock.advance(this.#pick([10, 300, 2_500, 16_000]))
  }

  async #update({ admin }: Flags): Promise<void> {
    await admin.update(this.#pick(FLAGS), { description: 'own' }).catch(() => undefined)
  }

  async #come(client: Client, { site }: Process): Promise<void> {
    const headers = client.lastEventId === undefined ? {} : { 'Last-Event-ID': client.lastEventId }
    const response = await this.#clock.until(site.eventsHandler(request('/events', { headers })))
    client.reader = new EventReader(response)
  }

  async #leave(client: Client): Promise<void> {
    await client.reader?.cancel()
    this.#note(client)
    client.reader = undefined
  }

  /** How often a client was told of one change, and not to ask for everything. */
  get told(): number {
    return this.#clients.flatMap(({ events }) => events).filter(({ type }) => type === 'refetchEvaluation').length
  }

  #note(client: Client): void {
    const { reader } = client
    if (reader === undefined) return
    const { events, types } = reader
    client.events.push(...events.map(({ data }, index) => ({ type: types[index] ?? '', version: data.version })))
    client.lastEventId = reader.lastEventId || client.lastEventId
  }

  /** Each change comes after the one before it in the log, from where the client began, or was told to ask for everything. */
  #wrongWith(client: Client, versions: readonly number[]): readonly string[] {
    this.#note(client)
    if (client.events.length === 0) return client.reader === undefined ? [] : ['connected, and never told anything']
    let at = client.events[0]?.version ?? 0
    for (const { type, version } of client.events.slice(1)) {
      const next = versions[versions.indexOf(at) + 1]
      if (type === 'refetchEvaluation' ? version !== next : version < at) return [`${type} ${version} after ${at}, in place of ${next}`]
      at = version
    }
    const isOver = client.reader === undefined || at === versions.at(-1)
    return isOver ? [] : [`told up to ${at} of ${versions.at(-1)}`]
  }

  #process(watches: boolean, isDeaf: boolean): Process {
    const moody = async <T>(next: () => Promise<T>): Promise<T> => {
      if (process.storeState === 'refuses') throw new Error('refused')
      if (process.storeState === 'slow') await new Promise<void>((resolve) => this.#clock.after(2_600 * this.#random(), resolve))
      return await next()
    }
    const store = around(this.#store, {
      head: (next, ...args) => moody(() => next(...args)),
      load: (next, ...args) => moody(() => next(...args)),
      loadAll: (next, ...args) => moody(() => next(...args)),
      changesSince: (next, ...args) => moody(() => next(...args)),
      changes: (next, ...args) => moody(() => next(...args)),
    })
    const cache = isDeaf ? undefined : this.#space.connect()
    const clock = this.#clock
    const site = new EventsFixture(
      { store: watches ? store : unwatched(store), cache: cache as never, clock },
      { clock, heartbeatMs: 600_000 },
    )
    const process: Process = { site, storeState: 'well' }
    return process
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T
  }
}

test('wherever clients come back, and whatever fails meanwhile, each change is told once and in order', async () => {
  let told = 0
  for (const seed of WALKS) {
    const walk = new Walk(seed)
    expect([seed, await walk.run()]).toEqual([seed, []])
    told += walk.told
  }
  expect(told).toBeGreaterThan(20 * WALKS.length)
})
