import { decided, type EvaluationVector } from './evaluation-vector.ts'

const twoRules = {
  rollout: 100,
  rules: [
    { name: 'Germans', when: [{ attribute: 'country', operator: 'equals', value: 'DE' }], rollout: 5 },
    { when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] },
  ],
} as const
const both = {
  rules: [
    {
      when: [
        { attribute: 'country', operator: 'equals', value: 'DE' },
        { attribute: 'seats', operator: 'greaterThan', value: 10 },
      ],
    },
  ],
} as const
const rising = {
  ramp: { from: { at: '2026-01-01T00:00:00Z', rollout: 0 }, to: { at: '2026-01-11T00:00:00Z', rollout: 100 } },
} as const
const falling = {
  ramp: { from: { at: '2026-01-01T00:00:00Z', rollout: 50 }, to: { at: '2026-01-01T00:00:10Z', rollout: 0 } },
} as const
const byCompany = { rollout: 50, bucketBy: 'company.id' } as const

/** Gates: the rollout, rules, ramps and what is hashed. */
export const rolloutEvaluations: readonly EvaluationVector[] = [
  decided('disabled', { enabled: false, rollout: 100 }, 'user-1', { enabled: false, reason: 'DISABLED', rollout: 100 }),
  decided('disabled', { ...twoRules, enabled: false }, { country: 'DE' }, { enabled: false, reason: 'DISABLED' }),
  decided('disabled', { ...rising, enabled: false }, 'user-1', { enabled: false, reason: 'DISABLED' }, { now: '2027-01-01T00:00:00Z' }),

  decided('static', { rollout: 0 }, 'user-1', { enabled: false, reason: 'STATIC', rollout: 0 }),
  decided('static', { rollout: 100 }, 'user-1', { enabled: true, reason: 'STATIC', rollout: 100 }),
  decided('static', { rollout: 100 }, {}, { enabled: true, reason: 'STATIC' }),
  decided('static', { rollout: 0 }, {}, { enabled: false, reason: 'STATIC' }),
  decided('static', { rollout: 100, rules: [] }, 'user-1', { enabled: true, reason: 'STATIC' }),
  decided('static', {}, 'user-1', { enabled: false, reason: 'STATIC', rollout: 0 }),

  decided('split', { rollout: 8.881 }, 'user-1', { enabled: false, reason: 'SPLIT', bucket: 8.881, rollout: 8.881 }),
  decided('split', { rollout: 8.882 }, 'user-1', { enabled: true, reason: 'SPLIT', bucket: 8.881, rollout: 8.882 }),
  decided('split', { rollout: 8 }, 'user-1', { enabled: false, reason: 'SPLIT', bucket: 8.881 }),
  decided('split', { rollout: 9 }, 'user-1', { enabled: true, reason: 'SPLIT', bucket: 8.881 }),
  decided('split', { rollout: 61.734 }, 42, { enabled: false, reason: 'SPLIT', bucket: 61.734 }),
  decided('split', { rollout: 61.735 }, 42, { enabled: true, reason: 'SPLIT', bucket: 61.734 }),
  decided('split', { rollout: 61.735 }, { targetingKey: '42', x: 1 }, { enabled: true, reason: 'SPLIT', bucket: 61.734 }),
  decided('split: no key', { rollout: 50 }, {}, { enabled: false, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' }),
  decided(
    'split: no key',
    { rollout: 99.999 },
    { targetingKey: '' },
    { enabled: false, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' },
  ),
  decided('split: no key', { rollout: 0.001 }, { country: 'DE' }, { enabled: false, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' }),

  decided(
    'rules: the first that matches decides',
    twoRules,
    { targetingKey: 'user-1', country: 'DE', plan: 'pro' },
    { enabled: false, reason: 'TARGETING_MATCH', rule: 0, bucket: 8.881, rollout: 5 },
  ),
  decided(
    'rules: the first that matches decides',
    twoRules,
    { targetingKey: 'user-2', country: 'DE', plan: 'pro' },
    { enabled: true, reason: 'TARGETING_MATCH', rule: 0, bucket: 3.594, rollout: 5 },
  ),
  decided(
    'rules: the first that matches decides',
    twoRules,
    { targetingKey: 'user-1', plan: 'pro' },
    { enabled: true, reason: 'TARGETING_MATCH', rule: 1, rollout: 100 },
  ),
  decided('rules: the first that matches decides', twoRules, { plan: 'pro' }, { enabled: true, reason: 'TARGETING_MATCH', rule: 1 }),
  decided('rules: none matches', twoRules, 'user-1', { enabled: true, reason: 'DEFAULT', rollout: 100 }),
  decided(
    'rules: none matches',
    { ...twoRules, rollout: 0 },
    { targetingKey: 'user-1', country: 'FR' },
    { enabled: false, reason: 'DEFAULT', rollout: 0 },
  ),
  decided('rules: none matches', { ...twoRules, rollout: 9 }, 'user-1', { enabled: true, reason: 'SPLIT', bucket: 8.881, rollout: 9 }),
  decided(
    'rules: none matches',
    { ...twoRules, rollout: 9 },
    { country: 'FR' },
    { enabled: false, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' },
  ),
  decided('rules: rollout 0', { rollout: 100, rules: [{ when: [], rollout: 0 }] }, 'user-1', {
    enabled: false,
    reason: 'TARGETING_MATCH',
    rule: 0,
    rollout: 0,
  }),
  decided(
    'rules: no conditions',
    { rollout: 0, rules: [{ when: [] }] },
    {},
    { enabled: true, reason: 'TARGETING_MATCH', rule: 0, rollout: 100 },
  ),
  decided('rules: the boundary', { rules: [{ when: [], rollout: 76.828 }] }, 'user-0', {
    enabled: false,
    reason: 'TARGETING_MATCH',
    rule: 0,
    bucket: 76.828,
  }),
  decided('rules: the boundary', { rules: [{ when: [], rollout: 76.829 }] }, 'user-0', {
    enabled: true,
    reason: 'TARGETING_MATCH',
    rule: 0,
    bucket: 76.828,
  }),
  decided(
    'rules: no key',
    twoRules,
    { country: 'DE' },
    { enabled: false, reason: 'ERROR', rule: 0, errorCode: 'TARGETING_KEY_MISSING', rollout: 5 },
  ),
  decided('rules: all conditions', both, { country: 'DE', seats: 11 }, { enabled: true, reason: 'TARGETING_MATCH', rule: 0 }),
  decided('rules: all conditions', both, { country: 'DE', seats: 10 }, { enabled: false, reason: 'DEFAULT' }),
  decided('rules: all conditions', both, { country: 'FR', seats: 11 }, { enabled: false, reason: 'DEFAULT' }),
  decided('rules: all conditions', both, { seats: 11 }, { enabled: false, reason: 'DEFAULT' }),

  decided('ramp', rising, 'user-1', { enabled: false, reason: 'STATIC', rollout: 0 }, { now: '2025-12-31T23:59:59.999Z' }),
  decided('ramp', rising, 'user-1', { enabled: false, reason: 'STATIC', rollout: 0 }, { now: '2026-01-01T00:00:00Z' }),
  decided(
    'ramp: rounded down to a thousandth',
    rising,
    'user-1',
    { enabled: false, reason: 'STATIC', rollout: 0 },
    { now: '2026-01-01T00:00:08.639Z' },
  ),
  decided(
    'ramp: rounded down to a thousandth',
    rising,
    'user-1',
    { enabled: false, reason: 'SPLIT', rollout: 0.001, bucket: 8.881 },
    { now: '2026-01-01T00:00:08.640Z' },
  ),
  decided('ramp', rising, 'user-1', { enabled: true, reason: 'SPLIT', rollout: 10, bucket: 8.881 }, { now: '2026-01-02T00:00:00Z' }),
  decided('ramp', rising, 'user-0', { enabled: false, reason: 'SPLIT', rollout: 10, bucket: 76.828 }, { now: '2026-01-02T00:00:00Z' }),
  // Bucket 8,881 is in from threshold 8,882 on: 8,882 × 8.64 s after the start.
  decided(
    'ramp: when a user gets in',
    rising,
    'user-1',
    { enabled: false, reason: 'SPLIT', rollout: 8.881, bucket: 8.881 },
    { now: '2026-01-01T21:19:00.479Z' },
  ),
  decided(
    'ramp: when a user gets in',
    rising,
    'user-1',
    { enabled: true, reason: 'SPLIT', rollout: 8.882, bucket: 8.881 },
    { now: '2026-01-01T21:19:00.480Z' },
  ),
  decided('ramp', rising, 'user-0', { enabled: false, reason: 'SPLIT', rollout: 50, bucket: 76.828 }, { now: '2026-01-06T00:00:00Z' }),
  decided(
    'ramp: rounded down to a thousandth',
    rising,
    'user-0',
    { enabled: true, reason: 'SPLIT', rollout: 99.999, bucket: 76.828 },
    { now: '2026-01-10T23:59:59.999Z' },
  ),
  decided('ramp', rising, 'user-0', { enabled: true, reason: 'STATIC', rollout: 100 }, { now: '2026-01-11T00:00:00Z' }),
  decided('ramp', rising, {}, { enabled: true, reason: 'STATIC', rollout: 100 }, { now: '2030-01-01T00:00:00Z' }),
  decided(
    'ramp',
    rising,
    {},
    { enabled: false, reason: 'ERROR', rollout: 50, errorCode: 'TARGETING_KEY_MISSING' },
    { now: '2026-01-06T00:00:00Z' },
  ),
  decided(
    'ramp: in place of the rollout',
    { ...rising, rollout: 100 },
    'user-0',
    { enabled: false, reason: 'STATIC', rollout: 0 },
    { now: '2025-01-01T00:00:00Z' },
  ),
  decided(
    'ramp: only where no rule matches',
    { ...rising, ...both },
    { country: 'DE', seats: 11 },
    { enabled: true, reason: 'TARGETING_MATCH', rule: 0 },
    { now: '2025-01-01T00:00:00Z' },
  ),
  decided(
    'ramp: only where no rule matches',
    { ...rising, ...both },
    'user-0',
    { enabled: false, reason: 'DEFAULT', rollout: 0 },
    { now: '2025-01-01T00:00:00Z' },
  ),
  decided(
    'ramp: falling',
    falling,
    'user-1',
    { enabled: true, reason: 'SPLIT', rollout: 50, bucket: 8.881 },
    { now: '2026-01-01T00:00:00Z' },
  ),
  decided(
    'ramp: falling',
    falling,
    'user-1',
    { enabled: true, reason: 'SPLIT', rollout: 49.995, bucket: 8.881 },
    { now: '2026-01-01T00:00:00.001Z' },
  ),
  decided(
    'ramp: falling',
    falling,
    'user-1',
    { enabled: true, reason: 'SPLIT', rollout: 8.885, bucket: 8.881 },
    { now: '2026-01-01T00:00:08.223Z' },
  ),
  decided(
    'ramp: falling',
    falling,
    'user-1',
    { enabled: false, reason: 'SPLIT', rollout: 8.88, bucket: 8.881 },
    { now: '2026-01-01T00:00:08.224Z' },
  ),
  decided('ramp: falling', falling, 'user-1', { enabled: false, reason: 'STATIC', rollout: 0 }, { now: '2026-01-01T00:00:10Z' }),
  // 18,262 of 36,525 days.
  decided(
    'ramp: a century',
    { ramp: { from: { at: '1970-01-01T00:00:00Z', rollout: 0 }, to: { at: '2070-01-01T00:00:00Z', rollout: 100 } } },
    'user-0',
    { enabled: false, reason: 'SPLIT', rollout: 49.998, bucket: 76.828 },
    { now: '2020-01-01T00:00:00Z' },
  ),

  decided(
    'bucketBy',
    { rollout: 34.552, bucketBy: 'company' },
    { targetingKey: 'user-1', company: 'acme' },
    { enabled: false, reason: 'SPLIT', bucket: 34.552 },
  ),
  decided(
    'bucketBy',
    { rollout: 34.553, bucketBy: 'company' },
    { targetingKey: 'user-1', company: 'acme' },
    { enabled: true, reason: 'SPLIT', bucket: 34.552 },
  ),
  decided('bucketBy', byCompany, { company: { id: 'acme' } }, { enabled: true, reason: 'SPLIT', bucket: 34.552 }),
  decided('bucketBy', byCompany, { company: { id: 'globex' } }, { enabled: false, reason: 'SPLIT', bucket: 90.497 }),
  decided('bucketBy', byCompany, { company: { id: 42 } }, { enabled: false, reason: 'SPLIT', bucket: 61.734 }),
  decided('bucketBy', { ...byCompany, bucketBy: 'targetingKey' }, 'user-1', { enabled: true, reason: 'SPLIT', bucket: 8.881 }),
  decided('bucketBy: not needed', { ...byCompany, rollout: 100 }, 'user-1', { enabled: true, reason: 'STATIC' }),
  ...[undefined, null, '', 4.5, 9_007_199_254_740_992, true, ['acme'], {}].map((id) =>
    decided(
      'bucketBy: missing or of another type',
      byCompany,
      { targetingKey: 'user-1', company: { id } },
      {
        enabled: false,
        reason: 'ERROR',
        errorCode: 'TARGETING_KEY_MISSING',
      },
    ),
  ),
  decided(
    'bucketBy',
    { bucketBy: 'company', rules: [{ when: [], rollout: 40 }] },
    { targetingKey: 'user-0', company: 'acme' },
    { enabled: true, reason: 'TARGETING_MATCH', rule: 0, bucket: 34.552 },
  ),
  decided('salt', { rollout: 12, salt: 'other' }, 'user-0', { enabled: true, reason: 'SPLIT', bucket: 11.733 }),
  decided('salt', { rollout: 11, salt: 'other' }, 'user-0', { enabled: false, reason: 'SPLIT', bucket: 11.733 }),
]
