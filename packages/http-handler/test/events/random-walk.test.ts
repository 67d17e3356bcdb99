import { type Flags, memoryStore } from '@flagstone/core'
import { afterEach, expect, test, vi } from 'vitest'
import { randomFrom } from '../../../../test/coherence/seeded-random.ts'
import { sharedMemoryCache } from '../../../core/src/adapters/memory/shared-memory-cache.ts'
import { around, unwatched } from '../../../core/test/client-fleet.ts'
import { ManualClock, settle } from '../../../core/test/manual-clock.ts'
import { request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

/** To repeat a walk that failed, set its number: `WALK=7`. */
const WALKS = process.env['WALK'] === undefined ? Array.from({ length: 60 }, (_, index) => index + 1) : [Number(process.env['WALK'])]
const STEPS = 60
const FLAGS = ['a', 'b', 'c'] as const

type StoreState = 'well' | 'refuses' | 'slow'

interface Process {
  readonly fixture: EventsFixture
  storeState: StoreState
}

interface Client {
  /** The events that it got, over all its connections. */
  readonly events: { readonly type: string; readonly version: number }[]
  lastEventId: string | undefined
  reader: EventReader | undefined
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** Clients connect, leave and reconnect to other processes, while flags change and each process' store fails or is slow at times. */
class Walk {
  readonly #random: () => number
  readonly #clock = new ManualClock()
  readonly #store = memoryStore({ clock: this.#clock, flags: FLAGS.map((name) => ({ name })) })
  readonly #space = sharedMemoryCache({ clock: this.#clock })
  readonly #processes: readonly Process[]
  readonly #clients: readonly Client[] = [0, 1, 2, 3].map(() => ({ events: [], lastEventId: undefined, reader: undefined }))

  constructor(seed: number) {
    this.#random = randomFrom(seed)
    vi.spyOn(Math, 'random').mockImplementation(randomFrom(seed + 1))
    // One process hears of changes by both channels, one by the cache alone, one by neither.
    this.#processes = [true, false, false].map((watches, index) => this.#process(watches, index === 2))
  }

  /** Resolves with the errors found. */
  async run(): Promise<readonly string[]> {
    await this.#clock.until(Promise.all(this.#processes.map(({ fixture }) => fixture.flags.ready())))
    for (let step = 0; step < STEPS; step++) {
      await this.#step()
      await settle(4)
    }
    for (const process of this.#processes) process.storeState = 'well'
    await this.#clock.advance(30_000)
    const log = await this.#store.changes({ limit: 1_000 })
    const versions = log.kind === 'changes' ? log.changes.map(({ version }) => version) : []
    const wrong = this.#clients.flatMap((client) => this.#errorsOf(client, versions))
    for (const { fixture } of this.#processes) fixture.eventsHandler.close()
    await this.#clock.until(Promise.all(this.#processes.map(({ fixture }) => fixture.flags.close())))
    return wrong
  }

  async #step(): Promise<void> {
    const process = this.#pick(this.#processes)
    const client = this.#pick(this.#clients)
    const dice = this.#random()
    if (dice < 0.3) await this.#store.update(this.#pick(FLAGS), { description: String(dice) })
    else if (dice < 0.45) void this.#update(process.fixture.flags)
    else if (dice < 0.65) await (client.reader === undefined ? this.#connect(client, process) : this.#disconnect(client))
    else if (dice < 0.8) process.storeState = this.#pick(['well', 'well', 'refuses', 'slow'])
    else await this.#clock.advance(this.#pick([10, 300, 2_500, 16_000]))
  }

  async #update({ admin }: Flags): Promise<void> {
    await admin.update(this.#pick(FLAGS), { description: 'own' }).catch(() => undefined)
  }

  async #connect(client: Client, { fixture }: Process): Promise<void> {
    const headers = client.lastEventId === undefined ? {} : { 'Last-Event-ID': client.lastEventId }
    const response = await this.#clock.until(fixture.eventsHandler(request('/events', { headers })))
    client.reader = new EventReader(response)
  }

  async #disconnect(client: Client): Promise<void> {
    await client.reader?.cancel()
    this.#recordEvents(client)
    client.reader = undefined
  }

  /** How many `refetchEvaluation` events all clients got. */
  get told(): number {
    return this.#clients.flatMap(({ events }) => events).filter(({ type }) => type === 'refetchEvaluation').length
  }

  #recordEvents(client: Client): void {
    const { reader } = client
    if (reader === undefined) return
    const { events, types } = reader
    client.events.push(...events.map(({ data }, index) => ({ type: types[index] ?? '', version: data.version })))
    client.lastEventId = reader.lastEventId || client.lastEventId
  }

  /** Checks that each change follows its predecessor in the log, starting where the client began or last had to fetch everything. */
  #errorsOf(client: Client, versions: readonly number[]): readonly string[] {
    this.#recordEvents(client)
    if (client.events.length === 0) return client.reader === undefined ? [] : ['connected, and never got an event']
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
    const withState = async <T>(next: () => Promise<T>): Promise<T> => {
      if (process.storeState === 'refuses') throw new Error('refused')
      if (process.storeState === 'slow') await new Promise<void>((resolve) => this.#clock.after(2_600 * this.#random(), resolve))
      return await next()
    }
    const store = around(this.#store, {
      head: (next, ...args) => withState(() => next(...args)),
      load: (next, ...args) => withState(() => next(...args)),
      loadAll: (next, ...args) => withState(() => next(...args)),
      changesSince: (next, ...args) => withState(() => next(...args)),
      changes: (next, ...args) => withState(() => next(...args)),
    })
    const cache = isDeaf ? undefined : this.#space.connect()
    const clock = this.#clock
    const fixture = new EventsFixture(
      { store: watches ? store : unwatched(store), cache: cache as never, clock },
      { clock, heartbeatMs: 600_000 },
    )
    const process: Process = { fixture, storeState: 'well' }
    return process
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T
  }
}

test('clients get each change once and in order, wherever they reconnect and whatever fails meanwhile', async () => {
  let told = 0
  for (const seed of WALKS) {
    const walk = new Walk(seed)
    expect([seed, await walk.run()]).toEqual([seed, []])
    told += walk.told
  }
  expect(told).toBeGreaterThan(20 * WALKS.length)
})
