/** A committed change. All times in a log are in milliseconds of one clock. */
export interface Write {
  readonly kind: 'write'
  /** The process that made it; absent for an edit in SQL. */
  readonly process?: string
  readonly flag: string
  /** Of the change. */
  readonly version: number
  /** Whether the change deleted the flag. */
  readonly deleted: boolean
  /** When it was known to be committed; for a write by a client, when the call resolved. */
  readonly at: number
  /** Whether the cache was certainly invalidated by then. */
  readonly propagated: boolean
}

/** An answer of a process. */
export interface Answer {
  readonly kind: 'answer'
  readonly process: string
  readonly flag: string
  /** The version of the record; absent if the answer was that the flag does not exist. */
  readonly version?: number
  /** The store's clock when the value was loaded. */
  readonly asOf: number
  /** When the call started, and when it was answered. */
  readonly from: number
  readonly at: number
  readonly minVersion?: number
  /** The highest version of this flag in a hint from the cache that this process received before the call. */
  readonly heard?: number
  /** Whether the answer was marked `STALE`. */
  readonly stale: boolean
  /** Whether it is from a stale snapshot, which may be older than earlier answers for one flag. Default `false`. */
  readonly mayGoBack?: boolean
}

export type Entry = Write | Answer

/** An answer that is older than allowed. */
export interface Violation {
  readonly law: 'went back' | 'own update' | 'minVersion' | 'heard' | 'wrong content' | 'too old'
  readonly answer: Answer
  /** The lowest version that was allowed. */
  readonly needed: number
  readonly got: number
}

export interface OracleResult {
  readonly answers: number
  readonly violations: readonly Violation[]
  /** The longest time in milliseconds that a process still answered an older version after a commit; 0 if none did. */
  readonly worstMs: number
  /** The same, for answers that were not marked `STALE`. */
  readonly worstUnmarkedMs: number
}

/** The bounds of a guarantee. */
export interface Bounds {
  /** How old an unmarked answer may be, in milliseconds. Default: no bound. */
  readonly unmarkedMs?: number
}

/**
 * Checks a log of writes and answers:
 * no process goes back to an older version, whichever layer answers; the process that updated answers no older than its update;
 * no answer is older than its `minVersion`, or than a hint from the cache that the process received, unless it is marked
 * `STALE`; and every answer was once in the store.
 */
export function checkAnswers(log: readonly Entry[], bounds: Bounds = {}): OracleResult {
  const writes = log.filter((entry) => entry.kind === 'write').sort((a, b) => a.version - b.version)
  const answers = log.filter((entry) => entry.kind === 'answer').sort((a, b) => a.at - b.at)
  const history = new Map<string, Write[]>()
  for (const write of writes) history.set(write.flag, [...(history.get(write.flag) ?? []), write])
  const violations: Violation[] = []
  const highest = new Map<string, number>()
  let [worstMs, worstUnmarkedMs] = [0, 0]
  for (const answer of answers) {
    const ofFlag = history.get(answer.flag) ?? []
    const got = versionOf(answer, ofFlag)
    const violate = (law: Violation['law'], needed: number): number => violations.push({ law, answer, needed, got })
    if (!heldByStore(answer, ofFlag)) violate('wrong content', got)

    const place = `${answer.process}\n${answer.flag}`
    const before = highest.get(place) ?? 0
    if (got < before && answer.mayGoBack !== true) violate('went back', before)
    highest.set(place, Math.max(got, before))

    const own = latest(ofFlag, (write) => write.process === answer.process && write.at <= answer.from)
    if (got < own && answer.mayGoBack !== true) violate('own update', own)
    const asked = latest(ofFlag, (write) => write.version <= (answer.minVersion ?? 0))
    if (got < asked) violate('minVersion', asked)

    const heard = latest(ofFlag, (write) => write.version <= (answer.heard ?? 0))
    if (got < heard && !answer.stale) violate('heard', heard)

    const overtaken = ofFlag.find((write) => write.version > got && write.at <= answer.from)
    const lateMs = overtaken === undefined ? 0 : answer.from - overtaken.at
    worstMs = Math.max(worstMs, lateMs)
    if (answer.stale) continue
    worstUnmarkedMs = Math.max(worstUnmarkedMs, lateMs)
    if (bounds.unmarkedMs !== undefined && lateMs > bounds.unmarkedMs) violate('too old', overtaken?.version ?? 0)
  }
  return { answers: answers.length, violations, worstMs, worstUnmarkedMs }
}

/** The version of an answer; for "absent", the last change up to its "as of". */
function versionOf(answer: Answer, writes: readonly Write[]): number {
  return answer.version ?? latest(writes, (write) => write.version <= answer.asOf)
}

function heldByStore(answer: Answer, writes: readonly Write[]): boolean {
  const version = versionOf(answer, writes)
  const write = writes.find((each) => each.version === version)
  if (answer.version === undefined) return write === undefined || write.deleted
  return write !== undefined && !write.deleted
}

function latest(writes: readonly Write[], which: (write: Write) => boolean): number {
  return writes.findLast(which)?.version ?? 0
}
