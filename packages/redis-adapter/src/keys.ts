import type { DecisionKind } from '@flagstone/core/adapter'

/** The names of everything that the cache keeps in Redis. */
export interface Keys {
  fence(name: string): string
  flag(name: string): string
  decision(name: string, kind: DecisionKind, targetingKey: string): string
  /** The places from which processes follow the store, each with its holder. */
  listenerSlots(storeId: string, count: number): string[]
  /** Where the hints of one store are published. */
  channel(storeId: string): string
  /** A glob that every key matches, and what each key starts with. */
  readonly all: { readonly glob: string; readonly heads: readonly string[] }
}

const FENCE = 'flag_fence:'
const FLAG = 'feature_flag:'
const LISTENER = 'flag_listener:'
const DECISION = { check: 'flag_check:', endpoint: 'flag_endpoint:' }

/** On a cluster the flag's name stands in braces, so that all keys of a flag share a slot and a script can reach them together. */
export function keysUnder(prefix: string, isCluster: boolean): Keys {
  const [open, close] = isCluster ? ['{', '}'] : ['', '']
  return {
    fence: (name) => `${prefix}${FENCE}${open}${name}${close}`,
    flag: (name) => `${prefix}${FLAG}${open}${name}${close}`,
    decision: (name, kind, targetingKey) => `${prefix}${DECISION[kind]}${open}${name}${close}:${targetingKey}`,
    listenerSlots: (storeId, count) =>
      Array.from({ length: count }, (_, index) => `${prefix}${LISTENER}${open}${storeId}${close}:${index + 1}`),
    channel: (storeId) => `${prefix}flag_hints:${storeId}`,
    all: {
      glob: `${prefix.replace(/[\\*?[\]^-]/g, '\\$&')}f*`,
      heads: [FENCE, FLAG, DECISION.check, DECISION.endpoint, LISTENER].map((head) => `${prefix}${head}${open}`),
    },
  }
}
