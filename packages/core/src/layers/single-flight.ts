import type { CacheWant } from '../contracts/index.ts'
import { closedError } from '../errors/client-state.ts'
import { FlagsError, toFlagsError } from '../errors/flags-error.ts'
import type { BackgroundWork } from './background-work.ts'
import { type Answer, type FlagAnswer, type NoAnswer, none } from './flag-answer.ts'

/** One load of one flag, under way. */
export class FlagLoad {
  readonly wanted: CacheWant
  /** A change has overtaken it: no caller joins it any more, and its result is not stored. */
  detached = false
  /** Whether a later caller has joined it and waits for the flag itself. */
  joined = false
  /** For the caller that started it; may be a decision. */
  readonly answer: Promise<Answer>
  /** For the callers that joined it. */
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

  /** Whether a caller still waits: one that joined, or the one that started it and has no decision yet. */
  get awaited(): boolean {
    return this.joined || !this.#decided
  }

  /** Answers the caller that started it; the flag may still be loading. */
  decide(answer: Answer): void {
    this.#decided = true
    this.#answer(answer)
  }

  settle(answer: FlagAnswer | NoAnswer): void {
    this.#answer(answer)
    this.#flag(answer)
  }
}

/** How many loads that start together run as one batch, which is one statement: little enough for its deadline. */
const MAX_BATCH = 500

/** Settles every load that it is given, or throws. */
type RunLoads = (loads: readonly FlagLoad[]) => Promise<void>

/** At most one load per flag at a time; loads that start in the same turn of the event loop run as one batch. */
export class SingleFlight {
  readonly #background: BackgroundWork
  readonly #report: (error: FlagsError) => void
  readonly #open = new Map<string, FlagLoad>()
  #batch: FlagLoad[] = []

  constructor(background: BackgroundWork, report: (error: FlagsError) => void) {
    this.#background = background
    this.#report = report
  }

  /** Joins the load of this flag that is under way, or starts one that `runLoads` will settle. */
  join(wanted: CacheWant, runLoads: RunLoads): Promise<Answer> {
    const open = this.#open.get(wanted.name)
    if (open !== undefined) {
      open.joined = true
      return open.flag
    }
    const load = new FlagLoad(wanted)
    this.#open.set(wanted.name, load)
    if (this.#batch.push(load) === 1) queueMicrotask(() => this.#start(runLoads))
    return load.answer
  }

  settle(load: FlagLoad, answer: FlagAnswer | NoAnswer): void {
    this.remove(load)
    load.settle(answer)
  }

  /** No later caller joins this load. */
  remove(load: FlagLoad): void {
    if (this.#open.get(load.name) === load) this.#open.delete(load.name)
  }

  /** A change has overtaken this flag's load: the next caller starts a new one. */
  detach(name: string): void {
    const load = this.#open.get(name)
    if (load === undefined) return
    load.detached = true
    this.#open.delete(name)
  }

  detachAll(): void {
    for (const name of [...this.#open.keys()]) this.detach(name)
  }

  #start(runLoads: RunLoads): void {
    const loads = this.#batch
    this.#batch = []
    const started = this.#background.run('A flag could not be read', async () => {
      for (let from = 0; from < loads.length; from += MAX_BATCH) await this.#run(loads.slice(from, from + MAX_BATCH), runLoads)
    })
    if (!started) this.#settleAll(loads, closedError())
  }

  async #run(batch: readonly FlagLoad[], runLoads: RunLoads): Promise<void> {
    try {
      await runLoads(batch)
    } catch (cause) {
      this.#settleAll(batch, new FlagsError('GENERAL', 'The flag could not be read.', { cause }))
      this.#report(toFlagsError(cause, 'GENERAL', 'A flag could not be read'))
    }
  }

  #settleAll(loads: readonly FlagLoad[], error: FlagsError): void {
    for (const load of loads) this.settle(load, none(error))
  }
}
