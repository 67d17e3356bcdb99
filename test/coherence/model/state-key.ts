import { floor } from './process-rules.ts'
import type { Rules } from './protocol-rules.ts'
import {
  type Entry,
  type Fill,
  type Load,
  NONE,
  type Process,
  type Redis,
  type SharedState,
  type State,
  type UpdatedRecord,
} from './state.ts'

/**
 * A number for each state. States with the same number behave alike: messages have no order, and processes of one kind are interchangeable.
 */
export type StateKey = (state: State) => number

/** More than the number of states that one process can have. */
const PROCESSES = 2 ** 15
/** Every number in a process is from `NONE` to 5, and 18 such digits fit into a safe integer. */
const DIGIT = 7

/** `alike`: all processes are of one kind. There are at most two, so that their numbers and that of the shared state fit into one. */
export function createStateKey(rules: Rules, alike: boolean): StateKey {
  const sharedNumbers = new Map<string, number>()
  const byShared = new WeakMap<SharedState, number>()
  const processes = new Map<number, number>()
  const sharedNumberOf = (shared: SharedState): number => {
    const known = byShared.get(shared)
    if (known !== undefined) return known
    const number = numbered(sharedNumbers, sharedText(shared))
    byShared.set(shared, number)
    return number
  }
  const processOf = (process: Process | undefined): number =>
    process === undefined ? 0 : numbered(processes, processDigits(process, floor(rules, process)))
  return ({ shared, processes: [one, other] }) => {
    const [a, b] = [processOf(one), processOf(other)]
    if (processes.size > PROCESSES) throw new RangeError('Too many states of a process: choose smaller bounds.')
    return (sharedNumberOf(shared) * PROCESSES + (alike ? Math.min(a, b) : a)) * PROCESSES + (alike ? Math.max(a, b) : b)
  }
}

function numbered<T>(numbers: Map<T, number>, of: T): number {
  const known = numbers.get(of)
  if (known !== undefined) return known
  numbers.set(of, numbers.size)
  return numbers.size - 1
}

function sharedText({ history, redis, before, fills, updatedRecords, resolved, failovers, restarts }: SharedState): string {
  const caches = before === null ? redisText(redis) : `${redisText(redis)}<${redisText(before)}`
  const messages = [...fills.map(fillText), ...updatedRecords.map(updatedRecordText)].sort().join('')
  return `${history.join('')};${caches};${resolved}${failovers}${restarts}${messages}`
}

function redisText({ fence, flag, decision }: Redis): string {
  return `${fence === null ? '-' : `${fence.version}.${fence.nonce}`},${entryText(flag)},${entryText(decision)}`
}

const entryText = (entry: Entry | null): string => (entry === null ? '-' : `${entry.nonce}.${entry.asOf}`)

export function fillText({ token, asOf, flag, decision }: Fill): string {
  return `,${token.version}.${token.nonce}.${asOf}${flag ? 'f' : ''}${decision ? 'd' : ''}`
}

export const updatedRecordText = ({ version, token }: UpdatedRecord): string => `,${version}<${token.version}.${token.nonce}`

// Of two floors, and of two lower bounds for answers, only the higher one has an effect.
function processDigits(process: Process, least: number): number {
  const { common, changed, knows, heard, memory, open, loose } = process
  const answered = process.answered > changed ? process.answered : 0
  const seen = process.seen > knows ? process.seen : 0
  let sum = 0
  for (const digit of [common, changed, answered, knows, seen, heard, memory?.asOf ?? NONE, memory?.live ? 1 : 0])
    sum = sum * DIGIT + digit + 1
  return loadDigits(loadDigits(sum, open, least), loose, least)
}

const STAGES = { fenceless: 0, read: 1, missed: 2, loaded: 3 }

// A value below the floor can never be used, so it counts as none.
function loadDigits(before: number, load: Load | null, least: number): number {
  if (load === null) return before * DIGIT ** 5
  const { stage, token, flag, decision, asOf, decided } = load
  const first = stage === 'loaded' ? asOf : flag < least ? NONE : flag
  const second = decision < least ? NONE : decision
  let sum = before
  for (const digit of [STAGES[stage] + (stage === 'loaded' && decided ? 1 : 0), token.version, token.nonce, first, second]) {
    sum = sum * DIGIT + digit + 1
  }
  return sum
}
