import type { Clock, Decision, DecisionKind, FlagUse } from '../contracts/index.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import type { CompiledFlag } from '../evaluate/compiled-flag.ts'
import type { Background } from '../layers/background.ts'
import type { Compiled } from '../layers/compiler.ts'
import type { StoreLayer } from '../layers/store-layer.ts'

/** How often a quick flag is to be seen again, and the store told. */
const ROUND_MS = 60_000
/** An outcome is noted again when so much has passed since it was. */
const NEWS_MS = 3_600_000
/** After a failure the store is told later, and later each time, up to this. */
const MAX_WAIT_MS = 3_600_000
/** How many uses the store is told of in one statement. */
const BATCH = 1_000
const MAX_OUTCOMES = 100_000

/** The variant that was given, else what the gate said. */
type Outcome = string | boolean

/** An outcome as this process has seen it. */
interface Seen {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The same moment on the monotonic clock. */
  readonly noted: number
  /** Whether the store knows. */
  told: boolean
}

interface News {
  readonly use: FlagUse
  readonly seen: Seen
}

/**
 * Which flags are used, as a sample. A plain flag is noted by the first evaluation of a round, which takes the slow way and makes the flag quick
 * for the rest of it: so the hot path asks for one boolean, as it would have to anyway. Each round the store is told what is news.
 */
export class UseTracker {
  readonly #clock: Clock
  readonly #store: StoreLayer
  readonly #background: Background
  readonly #report: (error: FlagsError) => void
  readonly #seen = new Map<string, Map<Outcome, Seen>>()
  #outcomes = 0
  #quick: CompiledFlag[] = []
  #tracks: boolean
  #roundAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #sending: Promise<void> | undefined

  /** `tracks` false: nothing is noted, and every plain flag is quick for good from its first evaluation on. */
  constructor(tracks: boolean, clock: Clock, store: StoreLayer, background: Background, report: (error: FlagsError) => void) {
    this.#tracks = tracks && store.keepsUses
    this.#clock = clock
    this.#store = store
    this.#background = background
    this.#report = report
  }

  /** Somebody was given this decision; for `check`, the gate alone. `flag` is what will answer the next call, where that is in memory. */
  note(name: string, decision: Decision | boolean, kind: DecisionKind, flag: Compiled | null | undefined): void {
    if (flag?.plain && !flag.quick) this.#quicken(flag)
    if (!this.#tracks) return
    if (typeof decision === 'boolean') this.#note(name, decision)
    else if (decision.errorCode !== 'FLAG_NOT_FOUND')
      this.#note(name, (kind === 'check' ? undefined : decision.variant) ?? decision.enabled)
  }

  /** To be called often. Once a minute the next use of each flag is to be seen again, and the store is told what is news. */
  nextRound(): void {
    const now = this.#clock.monotonic()
    if (!this.#tracks || now < this.#roundAt) return
    this.#roundAt = now + ROUND_MS
    for (const flag of this.#quick) flag.quick = false
    this.#quick = []
    if (now >= this.#retryAt) this.#background.run('Uses of flags could not be noted', () => this.#send())
  }

  /** Tells the store what is left, unless it failed just now. Never rejects. */
  async close(): Promise<void> {
    this.#tracks = false
    await this.#sending
    if (this.#failures === 0 && !this.#store.failing) await this.#send()
  }

  #quicken(flag: CompiledFlag): void {
    flag.quick = true
    if (this.#tracks) this.#quick.push(flag)
  }

  #note(name: string, outcome: Outcome): void {
    const outcomes = this.#seen.get(name)
    if (outcomes?.has(outcome) || this.#outcomes >= MAX_OUTCOMES) return
    const seen = { at: this.#clock.now(), noted: this.#clock.monotonic(), told: false }
    this.#outcomes++
    if (outcomes === undefined) this.#seen.set(name, new Map([[outcome, seen]]))
    else outcomes.set(outcome, seen)
  }

  /** Never rejects. */
  #send(): Promise<void> {
    this.#sending ??= this.#sendNews().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async #sendNews(): Promise<void> {
    try {
      const news = this.#news()
      for (let from = 0; from < news.length; from += BATCH) {
        const batch = news.slice(from, from + BATCH)
        await this.#store.noteUses(batch.map(({ use }) => use))
        for (const { seen } of batch) seen.told = true
      }
      this.#failures = 0
      this.#forgetOld()
    } catch (error) {
      // Told once; what could not be noted is kept, and is told when it can be.
      if (this.#failures++ === 0) this.#report(error as FlagsError)
      this.#retryAt = this.#clock.monotonic() + Math.min(ROUND_MS * 2 ** this.#failures, MAX_WAIT_MS)
    }
  }

  #news(): readonly News[] {
    const news: News[] = []
    for (const [flag, outcomes] of this.#seen) {
      for (const [outcome, seen] of outcomes) if (!seen.told) news.push({ use: useOf(flag, outcome, seen.at), seen })
    }
    return news
  }

  /** All has been told: what was noted an hour ago is to be noted again, if it is still used. */
  #forgetOld(): void {
    const until = this.#clock.monotonic() - NEWS_MS
    for (const [flag, outcomes] of this.#seen) {
      for (const [outcome, { noted }] of outcomes) if (noted <= until && outcomes.delete(outcome)) this.#outcomes--
      if (outcomes.size === 0) this.#seen.delete(flag)
    }
  }
}

function useOf(flag: string, outcome: Outcome, at: number): FlagUse {
  const given = typeof outcome === 'boolean' ? { enabled: outcome } : { enabled: true, variant: outcome }
  return { flag, ...given, at: new Date(at).toISOString() }
}
