import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, checkAnswers, type Violation, type Write } from '../oracle.ts'
import type { EventHistory, LoggedChange } from './event-history.ts'
import type { LoggedAnswer, LogLine } from './worker-messages.ts'

/** A period of a run in which a guarantee is checked against its bound. */
export interface GuaranteePeriod {
  readonly guarantee: string
  readonly what: string
  /** What the guarantee promises, for the report. */
  readonly promise: string
  /** The bound for answers that are not marked `STALE`: the promise, plus a margin for a busy machine. */
  readonly boundMs: number
  readonly from: number
  readonly to: number
  readonly concerns: (process: string) => boolean
}

export interface GuaranteeResult extends GuaranteePeriod {
  readonly answers: number
  readonly worstUnmarkedMs: number
  readonly worstMs: number
}

export interface RunCheck {
  readonly answers: number
  readonly noAnswers: ReadonlyMap<string, number>
  readonly sources: ReadonlyMap<string, number>
  readonly findings: readonly GuaranteeResult[]
  readonly violations: readonly Violation[]
  /** What happened to the flag and the process around a violation, and the faults. */
  readonly context: (violation: Violation) => readonly string[]
}

export async function readLines(folder: string): Promise<readonly LogLine[]> {
  const lines: LogLine[] = []
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8')
    // A SIGKILL may have cut off the last line.
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) if (line !== '') lines.push(JSON.parse(line) as LogLine)
  }
  return lines
}

/** Checks a run with the oracle: the laws over the whole run, each bound over its period. */
export function checkRun(lines: readonly LogLine[], history: EventHistory, periods: readonly GuaranteePeriod[]): RunCheck {
  const replies = lines.filter((line): line is LoggedAnswer => line.kind === 'answer')
  const { writes, commits } = history
  const laws = checkAnswers([...writes, ...replies])
  const violations = [...laws.violations, ...findWrongContent(replies, history.changes)]
  const findings = periods.map((period): GuaranteeResult => {
    const within = replies.filter(({ process, from }) => from >= period.from && from <= period.to && period.concerns(process))
    const { answers, worstMs, worstUnmarkedMs, violations: all } = checkAnswers([...commits, ...within], { unmarkedMs: period.boundMs })
    violations.push(...all.filter(({ law }) => law === 'too old'))
    return { ...period, answers, worstMs, worstUnmarkedMs }
  })
  return {
    answers: laws.answers,
    noAnswers: tally(lines.flatMap((line) => (line.kind === 'none' ? [line.code] : []))),
    sources: tally(replies.map(({ source }) => source)),
    findings,
    violations,
    context: (violation) => contextOf(violation, lines, writes, history),
  }
}

/** Answers whose content differs from the version that they name. */
function findWrongContent(replies: readonly LoggedAnswer[], changes: readonly LoggedChange[]): Violation[] {
  const contents = new Map(changes.map(({ version, flag, rollout }) => [version, { flag, rollout }]))
  return replies.flatMap((answer): Violation[] => {
    if (answer.version === undefined) return []
    const truth = contents.get(answer.version)
    if (truth?.flag === answer.flag && truth.rollout === answer.rollout) return []
    return [{ law: 'wrong content', answer, needed: answer.version, got: answer.version }]
  })
}

function contextOf({ answer }: Violation, lines: readonly LogLine[], writes: readonly Write[], { notes }: EventHistory): readonly string[] {
  const events: { readonly at: number; readonly text: string }[] = [...notes]
  for (const write of writes) if (write.flag === answer.flag) events.push({ at: write.at, text: describeWrite(write) })
  for (const line of lines) {
    if (line.flag !== answer.flag || line.process !== answer.process) continue
    events.push({ at: line.at, text: `${line === answer ? '→ ' : ''}${describe(line)}` })
  }
  events.sort((a, b) => a.at - b.at)
  const index = events.findIndex(({ text, at }) => at === answer.at && text.startsWith('→'))
  return events.slice(Math.max(0, index - 24), index + 6).map(({ at, text }) => `${(at - answer.at).toFixed(1).padStart(10)} ms  ${text}`)
}

function describeWrite({ version, deleted, process, propagated }: Write): string {
  return `${deleted ? 'delete' : 'write'} ${version} by ${process ?? 'SQL, or a worker that died'}${propagated ? ', propagated' : ''}`
}

function describe(line: LogLine): string {
  if (line.kind === 'none') return `${line.process} returned a default: ${line.code}`
  const { process, version, asOf, source, stale, minVersion, from, at } = line
  const asked = minVersion === undefined ? '' : ` (minVersion ${minVersion})`
  return `${process} answered ${version ?? 'absent'} as of ${asOf} from ${source}${stale ? ', STALE' : ''}${asked} after ${(at - from).toFixed(1)} ms`
}

function tally(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** An answer, for the report. */
export function describeAnswer({ process, flag, version, asOf }: Answer): string {
  return `${process} answered ${flag} ${version ?? 'absent'} as of ${asOf}`
}
