import { type BrokenPromise, floor, install, raiseByAnswer } from './process-rules.ts'
import type { Rules } from './protocol-rules.ts'
import { type Fill, type Load, NONE, type Process, type SharedState, valueAt } from './state.ts'

/** A process after a step, and what it sends. */
export interface Outcome {
  readonly process: Process
  readonly load: Load | null
  readonly fill?: Fill
  readonly invalidate?: number
  readonly broke?: BrokenPromise | undefined
}

/** The process that reads, and the state that it reads from. */
export interface Asker {
  readonly rules: Rules
  readonly shared: SharedState
  readonly memory: boolean
  readonly decisions: boolean
}

interface Delivered {
  readonly process: Process
  readonly broke?: BrokenPromise
}

/** The end of `ReadPath.#readCascade`, then `MemoryLayer.noteAnswer`. A new load reads a rejected answer again. */
function deliver({ rules, shared }: Asker, process: Process, asOf: number): Delivered {
  const least = rules.delivery ? floor(rules, process) : NONE
  if (asOf < least) return { process }
  const value = valueAt(shared, asOf)
  if (value < process.knows) return { process, broke: 'G2: a process answers from before a change that it knows of' }
  if (value < process.seen) return { process, broke: 'G2: a process goes back' }
  const raised = raiseByAnswer(process, asOf)
  const { memory } = raised
  const kept = memory !== null && memory.asOf < asOf ? { ...memory, live: false } : memory
  return { process: { ...raised, memory: kept, seen: value } }
}

/** `ReadPath.#answerFromCache`, first half: raises the fence if needed, and answers from a decision. */
export function handle(asker: Asker, before: Process, load: Load, detached: boolean): Outcome[] {
  const { rules, memory, decisions } = asker
  const { changed } = before
  const low = (load.flag !== NONE && load.flag < changed) || (load.decision !== NONE && load.decision < changed)
  const heal = rules.heal && low && load.token.version < changed ? { invalidate: changed } : {}
  const least = floor(rules, before)
  const decided = load.decision !== NONE && load.decision >= least
  const { process, broke }: Delivered = decided ? deliver(asker, before, load.decision) : { process: before }
  const usable = load.flag !== NONE && load.flag >= least
  if (!usable) {
    const ends = { process, load: null, broke, ...heal }
    const goesOn = { process, load: { ...load, stage: 'missed' as const, decided }, broke, ...heal }
    // After a decision, the flag is loaded only for memory, or for callers that joined.
    return decided && !memory ? [ends, goesOn] : [goesOn]
  }
  if (broke !== undefined) return [{ process, load: null, broke }]
  const fill = !decided && decisions ? { fill: { token: load.token, asOf: load.flag, flag: false, decision: true } } : {}
  return land(asker, process, load.flag, decided, detached).map((landed) => ({ ...landed, ...heal, ...fill }))
}

/** `ReadPath.#answerFromStore` */
export function landFromStore(asker: Asker, process: Process, load: Load, detached: boolean): Outcome[] {
  const { token, asOf, decided } = load
  const keep = !detached && asOf >= floor(asker.rules, process)
  const fill = keep ? { fill: { token, asOf, flag: true, decision: asker.decisions } } : {}
  return land(asker, process, asOf, decided, detached).map((landed) => ({ ...landed, ...fill }))
}

/** `ReadPath.#settle`. The caller waits for the load unless it was answered from a decision; other callers may have joined. */
function land(asker: Asker, before: Process, asOf: number, decided: boolean, detached: boolean): Outcome[] {
  const kept = detached ? before : install(asker.rules, before, asOf, asker.memory)
  const awaited = { ...deliver(asker, kept, asOf), load: null }
  return decided ? [{ process: kept, load: null }, awaited] : [awaited]
}
