import { floor } from './process-rules.ts'
import type { Rules } from './rules.ts'
import { type Entry, type Fill, type Flight, NONE, type Process, type Redis, type State, type World } from './state.ts'

/** Names states: two with one name behave alike, as messages have no order, and processes of one kind no names. */
export type Keys = (state: State) => number

const MAX_PROCESSES = 2 ** 15

/** `alike`: all processes are of one kind. Two of them at most, so that their numbers and the world's fit into one. */
export function keys(rules: Rules, alike: boolean): Keys {
  const worldOf = numbered<World>(worldText)
  const processOf = numbered<Process>((process) => processText(rules, process))
  return ({ world, processes: [one, other] }) => {
    const a = one === undefined ? 0 : processOf(one)
    const b = other === undefined ? 0 : processOf(other)
    if (a >= MAX_PROCESSES || b >= MAX_PROCESSES) throw new RangeError('Too many states of a process: choose smaller bounds.')
    const [low, high] = alike && a > b ? [b, a] : [a, b]
    return (worldOf(world) * MAX_PROCESSES + low) * MAX_PROCESSES + high
  }
}

/** Gives equal numbers to what has equal texts. The parts of states are shared by very many of them, so each is written out once. */
function numbered<T extends object>(textOf: (part: T) => string): (part: T) => number {
  const byText = new Map<string, number>()
  const byPart = new WeakMap<T, number>()
  return (part) => {
    const known = byPart.get(part)
    if (known !== undefined) return known
    const text = textOf(part)
    const number = byText.get(text) ?? byText.size
    byText.set(text, number)
    byPart.set(part, number)
    return number
  }
}

function worldText({ history, redis, before, fills, resolved, failovers, restarts }: World): string {
  const caches = before === null ? redisText(redis) : `${redisText(redis)}<${redisText(before)}`
  return `${history.join('')};${caches};${resolved}${failovers}${restarts}${fills.map(fillText).sort().join('')}`
}

function redisText({ fence, flag, decision }: Redis): string {
  return `${fence === null ? '-' : `${fence.version}.${fence.nonce}`}${entryText(flag)}${entryText(decision)}`
}

const entryText = (entry: Entry | null): string => (entry === null ? '-' : `${entry.nonce}${entry.asOf}`)

export function fillText({ token, asOf, flag, decision }: Fill): string {
  return `,${token.version}${token.nonce}${asOf}${flag ? 'f' : ''}${decision ? 'd' : ''}`
}

function processText(rules: Rules, process: Process): string {
  const { common, changed, answered, memory, open, loose, knows, seen, heard } = process
  const least = floor(rules, process)
  const slot = memory === null ? '-' : `${memory.asOf}${memory.live ? 'l' : 'd'}`
  return `${common}${changed}${answered}${knows}${seen}${heard}${slot},${flightText(open, least)},${flightText(loose, least)}`
}

// What is below the floor stays there, so it is as good as nothing.
function flightText(flight: Flight | null, least: number): string {
  if (flight === null) return '-'
  const { stage, token, flag, decision, asOf, decided } = flight
  const found = stage === 'read' ? `${flag < least ? NONE : flag}.${decision < least ? NONE : decision}` : ''
  return `${stage[0]}${token.version}.${token.nonce}.${found}.${asOf}${decided ? 'd' : ''}`
}
