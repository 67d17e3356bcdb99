import type { Clock, Decision, DecisionKind, FlagUse } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import type { CompiledFlag } from '../evaluate/compiled-flag.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import type { Compiled } from '../layers/compiler.ts'
import type { StoreLayer } from '../layers/store-layer.ts'

/** How often an evaluation of a quick flag is noted, and unreported uses are sent to the store. */
const ROUND_MS = 60_000
/** An outcome is noted again after this. */
const RENOTE_MS = 3_600_000
/** The wait after a failure doubles each time, up to this. */
const MAX_WAIT_MS = 3_600_000
/** How many uses are sent in one statement. */
const BATCH = 1_000
/** Of so many outcomes a use is kept until the store has taken it; further ones are not noted. */
const MAX_OUTCOMES = 250_000

/** The variant that was given, else whether the flag was on. */
type Outcome = string | boolean

/** When this process noted an outcome. */
interface NotedUse {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The same moment on the monotonic clock. */
  readonly notedAt: number
  /** Whether the store has been told. */
  isReported: boolean
}

interface UnreportedUse {
  readonly use: FlagUse
  readonly noted: NotedUse
}

/**
 * Notes which flags are used, as a sample. The first evaluation of a plain flag in a round takes the slow way, is noted, and makes the flag quick for
 * the rest of the round, so that the hot path only reads that boolean. Each round, new uses are sent to the store.
 */
export class UseTracker {
  readonly #clock: Clock
  readonly #store: StoreLayer
  readonly #background: BackgroundWork
  readonly #report: (error: FlagsError) => void
  readonly #noted = new Map<string, Map<Outcome, NotedUse>>()
  #outcomeCount = 0
  #quick: CompiledFlag[] = []
  #tracks: boolean
  #roundAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #sending: Promise<void> | undefined

  /** With `tracks` false nothing is noted, and a plain flag stays quick from its first evaluation on. */
  constructor(tracks: boolean, clock: Clock, store: StoreLayer, background: BackgroundWork, report: (error: FlagsError) => void) {
    this.#tracks = tracks && store.keepsUses
    this.#clock = clock
    this.#store = store
    this.#background = background
    this.#report = report
  }

  /** A caller was given this decision; for `check` only whether the flag is on. `flag` is what memory holds for the next call. */
  note(name: string, decision: Decision | boolean, kind: DecisionKind, flag: Compiled | null | undefined): void {
    if (flag?.plain && !flag.quick) this.#makeQuick(flag)
    if (!this.#tracks) return
    if (typeof decision === 'boolean') this.#note(name, decision)
    else if (decision.errorCode !== 'FLAG_NOT_FOUND')
      this.#note(name, (kind === 'check' ? undefined : decision.variant) ?? decision.enabled)
  }

  /** To be called often. Once a minute it starts a round: the next use of each flag is noted again, and new uses are sent to the store. */
  startRoundIfDue(): void {
    const now = this.#clock.monotonic()
    if (!this.#tracks || now < this.#roundAt) return
    this.#roundAt = now + ROUND_MS
    for (const flag of this.#quick) flag.quick = false
    this.#quick = []
    if (now >= this.#retryAt) this.#background.run('Uses of flags could not be noted', () => this.#send())
  }

  /** Sends what is unreported, unless the last report or read of the store failed. Never rejects. */
  async close(): Promise<void> {
    this.#tracks = false
    await this.#sending
    if (this.#failures === 0 && !this.#store.failing) await this.#send()
  }

  #makeQuick(flag: CompiledFlag): void {
    flag.quick = true
    if (this.#tracks) this.#quick.push(flag)
  }

  #note(name: string, outcome: Outcome): void {
    const outcomes = this.#noted.get(name)
    if (outcomes?.has(outcome) || this.#outcomeCount >= MAX_OUTCOMES) return
    this.#outcomeCount++
    const noted = { at: this.#clock.now(), notedAt: this.#clock.monotonic(), isReported: false }
    if (outcomes === undefined) this.#noted.set(name, new Map([[outcome, noted]]))
    else outcomes.set(outcome, noted)
  }

  /** Never rejects. */
  #send(): Promise<void> {
    this.#sending ??= this.#sendUnreported().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async #sendUnreported(): Promise<void> {
    try {
      const unreported = this.#unreported()
      for (let from = 0; from < unreported.length; from += BATCH) {
        const batch = unreported.slice(from, from + BATCH)
        await this.#store.noteUses(batch.map(({ use }) => use))
        for (const { noted } of batch) noted.isReported = true
      }
      this.#failures = 0
      this.#forgetOld()
    } catch (error) {
      // Only the first failure in a row is reported. The uses are kept and sent again later.
      if (this.#failures++ === 0) this.#report(error as FlagsError)
      this.#retryAt = this.#clock.monotonic() + Math.min(ROUND_MS * 2 ** this.#failures, MAX_WAIT_MS)
    }
  }

  #unreported(): readonly UnreportedUse[] {
    const unreported: UnreportedUse[] = []
    for (const [flag, outcomes] of this.#noted) {
      for (const [outcome, noted] of outcomes) {
        if (!noted.isReported) unreported.push({ use: useOf(flag, outcome, noted.at), noted })
      }
    }
    return unreported
  }

  /** All is reported: forgets what was noted an hour ago, so that it is noted again if it is still used. */
  #forgetOld(): void {
    const until = this.#clock.monotonic() - RENOTE_MS
    for (const [flag, outcomes] of this.#noted) {
      for (const [outcome, { notedAt }] of outcomes) if (notedAt <= until && outcomes.delete(outcome)) this.#outcomeCount--
      if (outcomes.size === 0) this.#noted.delete(flag)
    }
  }
}

function useOf(flag: string, outcome: Outcome, at: number): FlagUse {
  const given = typeof outcome === 'boolean' ? { enabled: outcome } : { enabled: true, variant: outcome }
  return { flag, ...given, at: new Date(at).toISOString() }
}
