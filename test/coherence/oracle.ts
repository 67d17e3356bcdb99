/** A change that was committed. Times are in milliseconds of one clock for the whole log. */
export interface Write {
  readonly kind: 'write'
  /** Who made it; nobody's, for an edit in SQL. */
  readonly process?: string
  readonly flag: string
  /** Of the change. */
  readonly version: number
  /** Whether the change deleted the flag. */
  readonly deleted: boolean
  /** When it was certainly committed; for a write by a client, when it resolved. */
  readonly at: number
  /** Whether every cache has certainly heard of it by then. */
  readonly propagated: boolean
}

/** What a process answered. */
export interface Answer {
  readonly kind: 'answer'
  readonly process: string
  readonly flag: string
  /** Of the record that was answered from; absent where the flag was answered as absent. */
  readonly version?: number
  /** The store's clock when the value was loaded. */
  readonly asOf: number
  /** When it was asked for, and when it was answered. */
  readonly from: number
  readonly at: number
  readonly minVersion?: number
  /** The highest version of this flag that a hint from the cache had told this process of before it was asked. */
  readonly heard?: number
  /** Answered with reason `STALE`: the process says itself that it may be old. */
  readonly stale: boolean
  /** Of a snapshot that is stale: it is of one version, so it may be older than what was answered for one flag. Default `false`. */
  readonly mayGoBack?: boolean
}

export type Entry = Write | Answer

/** A process answered older than it may. */
export interface Violation {
  readonly law: 'went back' | 'own update' | 'minVersion' | 'heard' | 'wrong content' | 'too old'
  readonly answer: Answer
  /** The version that it had to be at, at least. */
  readonly needed: number
  readonly got: number
}

export interface OracleResult {
  readonly answers: number
  readonly violations: readonly Violation[]
  /** How long after a change was committed somebody still answered older, at worst, in milliseconds; 0 where nobody did. */
  readonly worstMs: number
  /** The same among answers that did not say `STALE` of themselves. */
  readonly worstUnmarkedMs: number
}

/** What a guarantee allows. */
export interface Bounds {
  /** How old an answer that is not marked may be, in milliseconds. Default: as old as it likes. */
  readonly unmarkedMs?: number
}

/**
 * Judges a log of writes and answers:
 * no process goes back, not even to a value that another layer still held; the process that updated answers no older than its update;
 * nobody answers older than a `minVersion` that it was given, or than a hint from the cache that it has heard, unless it says that it may
 * be stale; and nothing is answered that the store never held.
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

/** Which change an answer stands for; for "absent", the last one that its "as of" covers. */
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
