import type { Decision, FlagRecord } from '../contracts/index.ts'

/** A legal record of that name and version, different for each version. */
export function sampleRecord(name: string, version: number): FlagRecord {
  const at = new Date(1_790_000_000_000 + (version % 1_000_000)).toISOString()
  return {
    name,
    schema: 1,
    description: `"quoted" \\ | ünïcödé 😀 at ${version}`,
    tags: ['one', `v${version}`],
    enabled: true,
    rollout: (version % 100) + 0.125,
    hashVersion: 1,
    version,
    createdAt: at,
    updatedAt: at,
  }
}

/** A legal decision of that flag for that user. */
export function sampleDecision(name: string, targetingKey: string, version: number): Decision {
  return { name, targetingKey, enabled: version % 2 === 0, reason: 'SPLIT', version, bucket: 42.125, rollout: 50 }
}

/** Legal flag names that careless code trips over. */
export const HOSTILE_NAMES: readonly string[] = [
  'constructor',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'null',
  'undefined',
  'true',
  'NaN',
  '0',
  '1e3',
  'Case',
  'case',
  'a.b-c_d',
  'a..b',
  'select',
  `x${'9'.repeat(127)}`,
]

/** Targeting keys that careless code trips over. The last two are 256 bytes long in UTF-8. */
export const HOSTILE_KEYS: readonly string[] = [
  '',
  ' ',
  'a:b',
  ':',
  '{a}',
  '}{',
  'a|b',
  '|',
  'line\nbreak',
  '\r\n',
  'nul\0inside',
  'nul',
  '*',
  '[a-z]?',
  '\\',
  '"quoted"',
  '%s',
  '__proto__',
  'null',
  'true',
  '😀',
  'é',
  'e\u0301',
  'k'.repeat(256),
  'é'.repeat(128),
]
