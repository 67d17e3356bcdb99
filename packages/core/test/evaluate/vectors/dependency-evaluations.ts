import type { NewFlag, NewSegment, Variant } from '../../../src/adapter.ts'
import { decided, type EvaluationVector } from './evaluation-vector.ts'

// Of new_feature, variants are drawn at 93.812 for user-0, 63.667 for user-1, 69.486 for user-2, 31.801 for user-3.
const ab: readonly Variant[] = [
  { name: 'a', value: 'A', weight: 1 },
  { name: 'b', value: { colour: 'blue' }, weight: 1 },
]
const weighted = (a: number, b: number): readonly Variant[] => [
  { name: 'a', value: 'A', weight: a },
  { name: 'b', value: 'B', weight: b },
]
const thirds: readonly Variant[] = ['a', 'b', 'c'].map((name) => ({ name, value: name, weight: 1 }))
const on: NewFlag = { name: 'base', rollout: 100 }
const needsBase = { rollout: 100, requires: [{ flag: 'base' }] } as const
const needsA = { rollout: 100, requires: [{ flag: 'base', variant: 'a' }] } as const
const withVariants: NewFlag = { name: 'base', rollout: 100, variants: ab }
const unmet = { enabled: false, reason: 'DEFAULT', unmet: 'base' } as const

const beta: NewSegment = { name: 'beta', members: ['user-1', '42'] }
const germans: NewSegment = { name: 'germans', when: [{ attribute: 'country', operator: 'equals', value: 'DE' }] }
const inBeta = { rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'beta' }] }] } as const
const notInBeta = { rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'beta', not: true }] }] } as const
const byTeams = { rules: [{ when: [{ attribute: 'teams', operator: 'inSegment', value: 'beta' }] }] } as const
const inEither = { rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: ['beta', 'germans'] }] }] } as const
const inNeither = {
  rules: [{ when: [{ attribute: 'targetingKey', operator: 'inSegment', value: ['beta', 'germans'], not: true }] }],
} as const
const matched = { enabled: true, reason: 'TARGETING_MATCH', rule: 0 } as const
const unmatched = { enabled: false, reason: 'DEFAULT' } as const
const bothSegments = { segments: [beta, germans] }

/** Evaluations that need more than a gate: variants, prerequisites, segments. */
export const dependencyEvaluations: readonly EvaluationVector[] = [
  decided('variants: drawn by weight', { rollout: 100, variants: ab }, 'user-3', {
    enabled: true,
    reason: 'STATIC',
    variant: 'a',
    value: 'A',
  }),
  decided('variants: drawn by weight', { rollout: 100, variants: ab }, 'user-1', {
    enabled: true,
    reason: 'STATIC',
    variant: 'b',
    value: { colour: 'blue' },
  }),
  decided('variants: only for those who are in', { rollout: 50, variants: ab }, 'user-0', {
    enabled: false,
    reason: 'SPLIT',
    bucket: 76.828,
  }),
  decided('variants: only for those who are in', { rollout: 0, variants: ab }, 'user-3', { enabled: false, reason: 'STATIC' }),
  decided('variants: only for those who are in', { rollout: 100, enabled: false, variants: ab }, 'user-3', {
    enabled: false,
    reason: 'DISABLED',
  }),
  decided('variants: stable while the rollout grows', { rollout: 4, variants: ab }, 'user-2', {
    enabled: true,
    reason: 'SPLIT',
    bucket: 3.594,
    variant: 'b',
    value: { colour: 'blue' },
  }),
  decided('variants: stable while the rollout grows', { rollout: 60, variants: ab }, 'user-2', {
    enabled: true,
    reason: 'SPLIT',
    bucket: 3.594,
    variant: 'b',
    value: { colour: 'blue' },
  }),
  decided('variants: stable while the rollout grows', { rollout: 100, variants: ab }, 'user-2', {
    enabled: true,
    reason: 'STATIC',
    variant: 'b',
    value: { colour: 'blue' },
  }),
  decided('variants: the boundary', { rollout: 100, variants: weighted(63.667, 36.333) }, 'user-1', {
    enabled: true,
    reason: 'STATIC',
    variant: 'b',
    value: 'B',
  }),
  decided('variants: the boundary', { rollout: 100, variants: weighted(63.668, 36.332) }, 'user-1', {
    enabled: true,
    reason: 'STATIC',
    variant: 'a',
    value: 'A',
  }),
  decided('variants: the boundary', { rollout: 100, variants: weighted(31_801, 68_199) }, 'user-3', {
    enabled: true,
    reason: 'STATIC',
    variant: 'b',
    value: 'B',
  }),
  decided('variants: the boundary', { rollout: 100, variants: weighted(31_802, 68_198) }, 'user-3', {
    enabled: true,
    reason: 'STATIC',
    variant: 'a',
    value: 'A',
  }),
  decided('variants: three', { rollout: 100, variants: thirds }, 'user-3', { enabled: true, reason: 'STATIC', variant: 'a', value: 'a' }),
  decided('variants: three', { rollout: 100, variants: thirds }, 'user-1', { enabled: true, reason: 'STATIC', variant: 'b', value: 'b' }),
  decided('variants: three', { rollout: 100, variants: thirds }, 'user-2', { enabled: true, reason: 'STATIC', variant: 'c', value: 'c' }),
  // 1 of 3 ends at round(33,333.33), 2 of 3 at round(66,666.67) = 66,667.
  decided(
    'variants: rounded boundaries',
    {
      rollout: 100,
      variants: [
        { name: 'a', value: 1, weight: 2 },
        { name: 'b', value: 2, weight: 1 },
      ],
    },
    'user-1',
    { enabled: true, reason: 'STATIC', variant: 'a', value: 1 },
  ),
  decided(
    'variants: one has all the weight',
    { rollout: 100, variants: weighted(0, 0.001) },
    {},
    { enabled: true, reason: 'STATIC', variant: 'b', value: 'B' },
  ),
  decided('variants: one has all the weight', { rollout: 100, variants: weighted(5, 0) }, 'user-0', {
    enabled: true,
    reason: 'STATIC',
    variant: 'a',
    value: 'A',
  }),
  decided(
    'variants: a single one',
    { rollout: 100, variants: [{ name: 'a', value: null, weight: 1 }] },
    {},
    { enabled: true, reason: 'STATIC', variant: 'a', value: null },
  ),
  decided('variants: no weight, none drawn', { rollout: 100, variants: weighted(0, 0) }, 'user-1', { enabled: true, reason: 'STATIC' }),
  decided('variants: no weight, none drawn', { rollout: 100, variants: weighted(0, 0) }, {}, { enabled: true, reason: 'STATIC' }),
  decided('variants: no key', { rollout: 100, variants: ab }, {}, { enabled: true, reason: 'STATIC', errorCode: 'TARGETING_KEY_MISSING' }),
  decided('variants: no key', { rollout: 50, variants: ab }, {}, { enabled: false, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' }),
  decided('variants: of a rule', { variants: ab, rules: [{ when: [], variant: 'a' }] }, 'user-1', { ...matched, variant: 'a', value: 'A' }),
  decided('variants: of a rule', { variants: ab, rules: [{ when: [], variant: 'a' }] }, {}, { ...matched, variant: 'a', value: 'A' }),
  decided('variants: of a rule', { variants: weighted(1, 0), rules: [{ when: [], variant: 'b' }] }, 'user-1', {
    ...matched,
    variant: 'b',
    value: 'B',
  }),
  decided('variants: of a rule', { variants: ab, rules: [{ when: [], rollout: 50, variant: 'a' }] }, 'user-0', {
    enabled: false,
    reason: 'TARGETING_MATCH',
    rule: 0,
    bucket: 76.828,
  }),
  decided('variants: a rule without one draws', { variants: ab, rules: [{ when: [] }] }, 'user-1', {
    ...matched,
    variant: 'b',
    value: { colour: 'blue' },
  }),
  decided(
    'variants: by what bucketBy names',
    { rollout: 100, bucketBy: 'company', variants: ab },
    { targetingKey: 'user-1', company: 'acme' },
    { enabled: true, reason: 'STATIC', variant: 'a', value: 'A' },
  ),
  decided('variants: by what bucketBy names', { rollout: 100, bucketBy: 'company', variants: ab }, 'user-1', {
    enabled: true,
    reason: 'STATIC',
    errorCode: 'TARGETING_KEY_MISSING',
  }),

  decided('requires', needsBase, 'user-1', { enabled: true, reason: 'STATIC' }, { flags: [on] }),
  decided('requires', { ...needsBase, rollout: 50 }, 'user-0', { enabled: false, reason: 'SPLIT', bucket: 76.828 }, { flags: [on] }),
  decided('requires: off', needsBase, 'user-1', unmet, { flags: [{ name: 'base', rollout: 0 }] }),
  decided('requires: disabled', needsBase, 'user-1', unmet, { flags: [{ name: 'base', enabled: false, rollout: 100 }] }),
  decided('requires: not there', needsBase, 'user-1', unmet),
  decided('requires: disabled comes first', { ...needsBase, enabled: false }, 'user-1', { enabled: false, reason: 'DISABLED' }),
  decided('requires: before the rules', { ...needsBase, rules: [{ when: [] }] }, 'user-1', unmet),
  // base:user-0 falls at 7.940, base:user-1 at 39.190.
  decided(
    'requires: for the same context',
    needsBase,
    'user-0',
    { enabled: true, reason: 'STATIC' },
    { flags: [{ name: 'base', rollout: 10 }] },
  ),
  decided('requires: for the same context', needsBase, 'user-1', unmet, { flags: [{ name: 'base', rollout: 10 }] }),
  decided('requires: for the same context', needsBase, {}, unmet, { flags: [{ name: 'base', rollout: 10 }] }),
  decided(
    'requires: for the same context',
    needsBase,
    { country: 'DE' },
    { enabled: true, reason: 'STATIC' },
    { flags: [{ name: 'base', rules: [{ when: [{ attribute: 'country', operator: 'equals', value: 'DE' }] }] }] },
  ),
  // base draws 41.109 for user-0, 15.199 for user-1, 24.363 for user-2.
  decided('requires: a variant', needsA, 'user-1', { enabled: true, reason: 'STATIC' }, { flags: [withVariants] }),
  decided('requires: a variant', { ...needsA, requires: [{ flag: 'base', variant: 'b' }] }, 'user-1', unmet, { flags: [withVariants] }),
  decided('requires: a variant', needsA, 'user-1', unmet, { flags: [{ ...withVariants, rollout: 0 }] }),
  decided('requires: a variant', needsA, 'user-1', unmet, { flags: [on] }),
  decided('requires: a variant', needsA, {}, unmet, { flags: [withVariants] }),
  decided('requires: all of them', { rollout: 100, requires: [{ flag: 'one' }, { flag: 'base' }] }, 'user-1', unmet, {
    flags: [
      { name: 'one', rollout: 100 },
      { name: 'base', rollout: 0 },
    ],
  }),
  decided('requires: the first that is not met is named', { rollout: 100, requires: [{ flag: 'one' }, { flag: 'base' }] }, 'user-1', {
    enabled: false,
    reason: 'DEFAULT',
    unmet: 'one',
  }),
  decided(
    'requires: of prerequisites',
    needsBase,
    'user-1',
    { enabled: true, reason: 'STATIC' },
    {
      flags: [
        { ...on, requires: [{ flag: 'deep' }] },
        { name: 'deep', rollout: 100 },
      ],
    },
  ),
  decided('requires: of prerequisites', needsBase, 'user-1', unmet, {
    flags: [
      { ...on, requires: [{ flag: 'deep' }] },
      { name: 'deep', rollout: 0 },
    ],
  }),
  decided('requires: a cycle is not met', needsBase, 'user-1', unmet, { flags: [{ ...on, requires: [{ flag: 'new_feature' }] }] }),
  decided('requires: a cycle is not met', needsBase, 'user-1', unmet, {
    flags: [
      { ...on, requires: [{ flag: 'other' }] },
      { name: 'other', rollout: 100, requires: [{ flag: 'base' }] },
    ],
  }),
  decided(
    'requires: a diamond',
    { rollout: 100, requires: [{ flag: 'left' }, { flag: 'right' }] },
    'user-1',
    { enabled: true, reason: 'STATIC' },
    {
      flags: [
        { name: 'left', rollout: 100, requires: [{ flag: 'base' }] },
        { name: 'right', rollout: 100, requires: [{ flag: 'base' }] },
        on,
      ],
    },
  ),

  decided('segments: members', inBeta, 'user-1', matched, bothSegments),
  decided('segments: members', inBeta, 'user-2', unmatched, bothSegments),
  decided('segments: members', inBeta, 'USER-1', unmatched, bothSegments),
  decided('segments: members', inBeta, 42, matched, bothSegments),
  decided('segments: members', notInBeta, 'user-2', matched, bothSegments),
  decided('segments: members', notInBeta, 'user-1', unmatched, bothSegments),
  decided('segments: no key', inBeta, {}, unmatched, bothSegments),
  decided('segments: no key', notInBeta, {}, unmatched, bothSegments),
  decided('segments: not there', inBeta, 'user-1', unmatched),
  decided('segments: not there', notInBeta, 'user-1', unmatched),
  decided('segments: any attribute', byTeams, { teams: 'user-1' }, matched, bothSegments),
  decided('segments: any attribute', byTeams, { teams: 42 }, matched, bothSegments),
  decided('segments: any attribute', byTeams, { teams: ['x', 42] }, matched, bothSegments),
  decided('segments: any attribute', byTeams, { teams: ['x', {}] }, unmatched, bothSegments),
  decided('segments: any attribute', byTeams, { teams: 4.5 }, unmatched, bothSegments),
  decided('segments: any attribute', byTeams, { teams: true }, unmatched, bothSegments),
  decided('segments: one of several', inEither, { targetingKey: 'user-9', country: 'DE' }, matched, bothSegments),
  decided('segments: one of several', inEither, 'user-1', matched, bothSegments),
  decided('segments: one of several', inEither, { targetingKey: 'user-9', country: 'FR' }, unmatched, bothSegments),
  decided('segments: one of several', inNeither, { targetingKey: 'user-9', country: 'FR' }, matched, bothSegments),
  decided('segments: one of several, one not there', inEither, 'user-1', matched, { segments: [beta] }),
  decided('segments: one of several, one not there', inEither, 'user-9', unmatched, { segments: [beta] }),
  decided('segments: one of several, one not there', inNeither, 'user-9', unmatched, { segments: [beta] }),
  decided('segments: conditions need no key', inEither, { country: 'DE' }, matched, bothSegments),
  decided('segments: conditions need no key', inNeither, { country: 'FR' }, unmatched, bothSegments),
  decided('segments: all conditions', inBeta, { targetingKey: 'u', country: 'DE', plan: 'pro' }, matched, {
    segments: [{ name: 'beta', when: [...(germans.when ?? []), { attribute: 'plan', operator: 'equals', value: 'free', not: true }] }],
  }),
  decided('segments: all conditions', inBeta, { targetingKey: 'u', country: 'DE' }, unmatched, {
    segments: [{ name: 'beta', when: [...(germans.when ?? []), { attribute: 'plan', operator: 'equals', value: 'free', not: true }] }],
  }),
  decided('segments: neither members nor conditions', inBeta, 'user-1', unmatched, { segments: [{ name: 'beta' }] }),
  decided('segments: neither members nor conditions', notInBeta, 'user-1', matched, {
    segments: [{ name: 'beta', members: [], when: [] }],
  }),
  decided(
    'segments: with a rollout',
    { rules: [{ ...inBeta.rules[0], rollout: 8 }] },
    'user-1',
    { enabled: false, reason: 'TARGETING_MATCH', rule: 0, bucket: 8.881 },
    bothSegments,
  ),
]
