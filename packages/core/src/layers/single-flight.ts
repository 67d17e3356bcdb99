import type { Background } from './background.ts'
import type { CacheWant } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { type Answer, type FlagAnswer, type NoAnswer, none } from './answer.ts'

/** One load of one flag, under way. */
export class Flight {
  readonly wanted: CacheWant
  /** A change has overtaken it: nobody joins it any more, and what it brings is kept nowhere. */
  detached = false
  /** Whether somebody waits for the flag itself, beside who started it. */
  joined = false
  /** For who started it; may be a decision. */
  readonly answer: Promise<Answer>
  /** For who joined it. */
  readonly flag: Promise<FlagAnswer | NoAnswer>
  #decided = false
  #answer!: (answer: Answer) => void
  #flag!: (answer: FlagAnswer | NoAnswer) => void

  constructor(wanted: CacheWant) {
    this.wanted = wanted
    this.answer = new Promise((resolve) => {
      this.#answer = resolve
    })
    this.flag = new Promise((resolve) => {
      this.#flag = resolve
    })
  }

  get name(): string {
    return this.wanted.name
  }

  /** Whether somebody waits for the flag: who joined it, or who started it and got no decision. */
  get awaited(): boolean {
    return this.joined || !this.#decided
  }

  /** Answers who started it, while the flag is still on its way. */
  decide(answer: Answer): void {
    this.#decided = true
    this.#answer(answer)
  }

  land(answer: FlagAnswer | NoAnswer): void {
    this.#answer(answer)
    this.#flag(answer)
  }
}

/** Lands every flight that it is given, or throws. */
type Fly = (flights: readonly Flight[]) => Promise<void>

/** At most one load per flag at a time; those that start in the same turn of the event loop go out together. */
export class Flights {
  readonly #background: Background
  readonly #open = new Map<string, Flight>()
  #boarding: Flight[] = []

  constructor(background: Background) {
    this.#background = background
  }

  /** Joins the load of this flag that is under way, or starts one that `fly` will carry. */
  join(wanted: CacheWant, fly: Fly): Promise<Answer> {
    const open = this.#open.get(wanted.name)
    if (open !== undefined) {
      open.joined = true
      return open.flag
    }
    const flight = new Flight(wanted)
    this.#open.set(wanted.name, flight)
    if (this.#boarding.push(flight) === 1) queueMicrotask(() => this.#takeOff(fly))
    return flight.answer
  }

  land(flight: Flight, answer: FlagAnswer | NoAnswer): void {
    this.leave(flight)
    flight.land(answer)
  }

  /** Nobody needs what this flight would still bring. */
  leave(flight: Flight): void {
    if (this.#open.get(flight.name) === flight) this.#open.delete(flight.name)
  }

  /** From now on a new caller starts a new load. */
  detach(name: string): void {
    const flight = this.#open.get(name)
    if (flight === undefined) return
    flight.detached = true
    this.#open.delete(name)
  }

  detachAll(): void {
    for (const name of [...this.#open.keys()]) this.detach(name)
  }

  #takeOff(fly: Fly): void {
    const flights = this.#boarding
    this.#boarding = []
    const started = this.#background.run('A flag could not be read', async () => {
      try {
        await fly(flights)
      } catch (cause) {
        this.#landAll(flights, new FlagsError('GENERAL', 'The flag could not be read.', { cause }))
        throw cause
      }
    })
    if (!started) this.#landAll(flights, new FlagsError('CLOSED', 'The client is closed.'))
  }

  #landAll(flights: readonly Flight[], error: FlagsError): void {
    for (const flight of flights) this.land(flight, none(error))
  }
}
