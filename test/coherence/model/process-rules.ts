import type { Rules } from './protocol-rules.ts'
import type { Process } from './state.ts'

/** The promise that does not hold. */
export type BrokenPromise =
  | 'G1: Redis counts an entry from before an update that has resolved'
  | 'G2: a process answers from before a change that it knows of'
  | 'G2: a process goes back'
  | 'law 3: a load from before a hint is kept in memory after it'
  | 'law 4: Redis moves to a lower version'
  | 'law 4: memory moves to a lower version'
  | 'law 4: a floor sinks'

/** `Floors.own` */
const own = (rules: Rules, { changed, answered }: Process): number => (rules.floors ? Math.max(changed, answered) : 0)

/** `Floors.of` */
export const floor = (rules: Rules, process: Process): number => (rules.floors ? Math.max(process.common, own(rules, process)) : 0)

const hasOwn = ({ changed, answered }: Process): boolean => changed > 0 || answered > 0

/** `Floors.raiseByChange` */
function raiseByChange(process: Process, version: number): Process {
  if ((version <= process.common && !hasOwn(process)) || version <= process.changed) return process
  return { ...process, changed: version }
}

/** `Floors.raiseByAnswer` */
export function raiseByAnswer(process: Process, asOf: number): Process {
  if ((asOf <= process.common && !hasOwn(process)) || asOf <= process.answered) return process
  return { ...process, answered: asOf }
}

/** `MemoryLayer.drop`: it stays as a last known good. */
function drop(process: Process): Process {
  return process.memory?.live ? { ...process, memory: { ...process.memory, live: false } } : process
}

/** `MemoryLayer.install` */
export function install(rules: Rules, process: Process, asOf: number, memory: boolean): Process {
  if (process.memory !== null && process.memory.asOf > asOf) return process
  if (asOf < floor(rules, process)) return drop(process)
  const raised = rules.installRaises ? raiseByAnswer(process, asOf) : process
  return memory ? { ...raised, memory: { asOf, live: true } } : raised
}

/** `SingleFlight.detach` */
function detach(rules: Rules, process: Process): Process {
  return rules.detach && process.open !== null ? { ...process, open: null, loose: process.open } : process
}

/** `ChangeApplier.applyHint`. Returns the same process if the hint is not new. */
export function hint(rules: Rules, process: Process, version: number): Process {
  const known = process.memory?.asOf ?? floor(rules, process)
  return version <= known ? process : drop(detach(rules, process))
}

/** `ChangeApplier.applyHintAfterFence`, for a hint with the record. Returns the same process if the hint is not new or memory is empty. */
export function brought(rules: Rules, process: Process, version: number): Process {
  const after = hint(rules, process, version)
  if (after === process || process.memory === null) return process
  return swap(rules, { ...after, heard: Math.max(after.heard, version) }, version, true)
}

/** `ChangeApplier.applyCommit` */
export function committed(rules: Rules, process: Process, version: number, memory: boolean): Process {
  return swap(rules, detach(rules, raiseByAnswer(raiseByChange(process, version), version)), version, memory)
}

/** `ChangeApplier.applyChanges` */
export function logged(rules: Rules, process: Process, version: number, clock: number): Process {
  const raised = raiseByChange(process, version)
  const after = raised === process ? process : detach(rules, raised)
  return after.memory === null ? after : swap(rules, after, clock, true)
}

/** `ChangeApplier.#replace` */
function swap(rules: Rules, process: Process, asOf: number, memory: boolean): Process {
  const installed = install(rules, process, asOf, memory)
  return rules.remembersHints && asOf < process.heard ? drop(installed) : installed
}
