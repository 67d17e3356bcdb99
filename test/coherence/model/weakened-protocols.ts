import type { BrokenPromise } from './process-rules.ts'
import { type Bounds, type ProcessKind, REAL, type Rules } from './protocol-rules.ts'

/** A process that only reads. It sees the effects of others only in Redis. */
export const reader: ProcessKind = { memory: false, learns: false, overlaps: false }
/** A process without memory that updates, receives hints and reads the log. */
export const peer: ProcessKind = { memory: false, learns: true, overlaps: false }
export const peerWithMemory: ProcessKind = { memory: true, learns: true, overlaps: false }

export function boundsOf(updates: number, processes: readonly ProcessKind[], more: Partial<Bounds> = {}): Bounds {
  return { processes, updates, others: 0, restarts: 0, failovers: 0, decisions: false, ...more }
}

const G1: BrokenPromise = 'G1: Redis counts an entry from before an update that has resolved'
const KNOWN: BrokenPromise = 'G2: a process answers from before a change that it knows of'
const BACK: BrokenPromise = 'G2: a process goes back'
const LAW_3: BrokenPromise = 'law 3: a load from before a hint is kept in memory after it'
const LAW_4: BrokenPromise = 'law 4: Redis moves to a lower version'

/** The protocol without a guard, and the promise that it then breaks. */
export interface Variant {
  readonly rules: Rules
  readonly bounds: Bounds
  readonly breaks: BrokenPromise
}

const without = (rules: Partial<Rules>, bounds: Bounds, breaks: BrokenPromise): Variant => ({
  rules: { ...REAL, ...rules },
  bounds,
  breaks,
})

const two = [peer, reader]

export const VARIANTS = {
  'a plain DEL in place of the fence': without({ fence: 'none' }, boundsOf(1, two), G1),
  'a fence that is a number, compared by order': without({ fence: 'order' }, boundsOf(1, two), G1),
  'a fence that is a number which restarts after an eviction, compared for equality': without({ fence: 'equal' }, boundsOf(1, two), G1),
  'a fence that is set only where there is none (SET NX)': without({ fence: 'nx' }, boundsOf(2, two), G1),
  'loads from a replica that lags': without({ loads: 'replica' }, boundsOf(1, two), G1),
  'loads from a replica that lags, and no check of "as of" against the fence': without(
    { loads: 'replica', fillChecksVersion: false },
    boundsOf(1, two),
    G1,
  ),
  'FILL without a look at the entry that counts now': without({ fillChecksEntry: false }, boundsOf(1, two), LAW_4),
  'a record that follows its change whatever the fence was': without({ updatedRecord: 'any' }, boundsOf(2, two), G1),
  'a record that follows its change where the fence is the one that its writer read after the commit': without(
    { updatedRecord: 'after' },
    boundsOf(2, two),
    G1,
  ),
  'a record that follows its change without a look at the entry that counts now': without(
    { successorChecksEntry: false },
    boundsOf(2, two),
    LAW_4,
  ),
  'a process that trusts Redis before it asked the store where it is': without({ head: false }, boundsOf(1, two, { restarts: 1 }), KNOWN),
  'no floors': without({ floors: false }, boundsOf(1, two), KNOWN),
  'no check at the delivery of an answer': without({ delivery: false }, boundsOf(1, two), KNOWN),
  'loads that a change does not detach': without({ detach: false }, boundsOf(1, [peerWithMemory]), LAW_3),
  'a memory that takes in what does not count as answered': without(
    { installRaises: false },
    boundsOf(1, [peerWithMemory], { decisions: true }),
    BACK,
  ),
  'a hint that is forgotten when an earlier change is told after it': without(
    { remembersHints: false },
    boundsOf(2, [peerWithMemory]),
    LAW_3,
  ),
} satisfies Record<string, Variant>
