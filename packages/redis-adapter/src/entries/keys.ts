import type { DecisionKind } from '@flagstone/core/adapter'

/** The names of all keys and channels that the cache uses in Redis. */
export interface Keys {
  fence(name: string): string
  flag(name: string): string
  decision(name: string, kind: DecisionKind, targetingKey: string): string
  /** One key for each process that may listen to the store; its value is the holder. */
  listenerSlots(storeId: string, count: number): string[]
  /** The channel on which the hints of one store are published. */
  channel(storeId: string): string
  /** A glob that matches every key, and the prefixes of the keys. */
  readonly all: { readonly glob: string; readonly heads: readonly string[] }
}

const FENCE = 'flag_fence:'
const FLAG = 'feature_flag:'
const LISTENER = 'flag_listener:'
const DECISION = { check: 'flag_check:', endpoint: 'flag_endpoint:' }

/** On a cluster the flag's name is in braces, so that all keys of a flag are in one slot and one script can use them. */
export function createKeys(prefix: string, isCluster: boolean): Keys {
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
