import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type FlagRecord, FlagsError, type NewFlag, parseRecord } from '../../src/adapter.ts'
import type { Hash } from '../../src/evaluate/bucket.ts'
import { CompiledFlag } from '../../src/evaluate/compiled-flag.ts'
import { EMPTY_VIEW, type EvaluationView } from '../../src/evaluate/evaluation-view.ts'
import { plainTarget, targetOf } from '../../src/evaluate/target.ts'
import { trace } from '../../src/evaluate/trace.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import { loadHash } from '../../src/layers/load-xxhash.ts'
import { checkNewFlag } from '../../src/validate/check-flag.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import { segmentNameOf } from '../../src/validate/segment-key.ts'
import { anyContext, anyFlag, anyHostileContext, anyRollout, anySegment } from './arbitraries.ts'
import { recordOf, target, viewOf } from './views.ts'

let hash: Hash
let libraries: OperatorLibraries
beforeAll(async () => {
  hash = await loadHash()
  libraries = await loadOperatorLibraries(new Set(['regExp', 'semver']))
})

const anyRequiredFlag = fc.record({
  name: fc.constant('need'),
  rollout: anyRollout,
  variants: anyFlag.map(({ variants = [] }) => variants),
})
const anySurroundings = fc.record({
  flags: fc.tuple(anyRequiredFlag),
  segments: fc.array(anySegment, { maxLength: 3 }),
  now: fc.integer({ min: 0, max: 2e12 }),
})

const compile = (flag: NewFlag): CompiledFlag => new CompiledFlag(recordOf(flag), hash, libraries)

describe('an evaluation', () => {
  test('answers whatever the flag and the context are, and never throws', () => {
    fc.assert(
      fc.property(anyFlag, anyHostileContext, anySurroundings, (flag, context, surroundings) => {
        const who = targetOf(context)
        if (who instanceof FlagsError) return
        const compiled = compile(flag)
        const view = viewOf(surroundings, hash, libraries)
        const decision = compiled.evaluate(who, view)
        expect(typeof decision.enabled).toBe('boolean')
        expect(trace(compiled, who, view).decision).toEqual(decision)
      }),
      { numRuns: 1_000 },
    )
  })

  test('of the same input is the same, also for a second compilation, and changes nothing it was given', () => {
    fc.assert(
      fc.property(anyFlag, anyContext, anySurroundings, (flag, context, surroundings) => {
        const before = structuredClone({ flag, context })
        const once = compile(flag)
        const view = viewOf(surroundings, hash, libraries)
        const first = once.evaluate(target(context), view)
        expect(once.evaluate(target(context), view)).toEqual(first)
        expect(compile(structuredClone(flag)).evaluate(target(structuredClone(context)), viewOf(surroundings, hash, libraries))).toEqual(
          first,
        )
        expect({ flag, context }).toEqual(before)
      }),
    )
  })

  test('is the same after the flag went through JSON and the validation of what is read', () => {
    fc.assert(
      fc.property(anyFlag, anyContext, anySurroundings, (flag, context, surroundings) => {
        const record = recordOf(checkNewFlag(flag, libraries))
        const read = parseRecord(flag.name, JSON.parse(JSON.stringify(record))) as FlagRecord
        const view = viewOf(surroundings, hash, libraries)
        const decision = new CompiledFlag(record, hash, libraries).evaluate(target(context), view)
        expect(new CompiledFlag(read, hash, libraries).evaluate(target(context), view)).toEqual(decision)
      }),
    )
  })

  test('is traced with the same decision, the rule that decided as the last one, and the bucket that decided', () => {
    fc.assert(
      fc.property(anyFlag, anyContext, anySurroundings, (flag, context, surroundings) => {
        const compiled = compile(flag)
        const { decision, rules, prerequisites, bucketing } = trace(compiled, target(context), viewOf(surroundings, hash, libraries))
        if (decision.rule !== undefined) expect(rules.at(-1)).toMatchObject({ ...decision.rule, met: true })
        expect(rules.filter(({ met }) => met).length).toBe(decision.rule === undefined ? 0 : 1)
        for (const { met, conditions } of rules) expect(conditions.every((condition) => condition.met)).toBe(met)
        expect(prerequisites.find(({ met }) => !met)?.flag).toBe(decision.unmet)
        if (decision.bucket === undefined) return
        expect(bucketing).toMatchObject({ bucket: decision.bucket, rollout: decision.rollout })
        expect(decision.enabled).toBe(decision.bucket < (decision.rollout ?? 0))
      }),
      { numRuns: 300 },
    )
  })

  test('looks up only the dependencies of the flag', () => {
    fc.assert(
      fc.property(anyFlag, anyContext, anySurroundings, (flag, context, surroundings) => {
        const lookups = new Set<string>()
        const inner = viewOf(surroundings, hash, libraries)
        const view: EvaluationView = {
          now: inner.now,
          flag: (name) => {
            lookups.add(name)
            return inner.flag(name)
          },
          segment: (name) => {
            lookups.add(`segment:${name}`)
            return inner.segment(name)
          },
        }
        const compiled = compile(flag)
        trace(compiled, target(context), view)
        for (const key of lookups) expect(compiled.dependencies).toContain(key)
        for (const key of compiled.dependencies) expect(segmentNameOf(key) ?? key).toMatch(/^[a-z]+$/)
      }),
    )
  })

  test('of a plain flag is what admits answers, with variants and without', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), anyRollout, anyFlag, fc.boolean(), (key, rollout, { variants = [] }, enabled) => {
        const flag = compile({ name: 'flag', enabled, rollout, variants })
        expect(flag.plain).toBe(true)
        expect(flag.evaluate(target(key), viewOf({}, hash)).enabled).toBe(flag.admits(key))
        const viaContext = flag.evaluate(target({ targetingKey: key, x: 1 }), viewOf({}, hash))
        expect(flag.evaluate(plainTarget(key), EMPTY_VIEW)).toEqual(viaContext)
      }),
    )
  })
})

describe('a raised rollout', () => {
  test('removes nobody, and gives nobody another variant', () => {
    fc.assert(
      fc.property(anyFlag, anyContext, anySurroundings, anyRollout, anyRollout, ({ ramp: _, ...flag }, context, surroundings, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const view = viewOf(surroundings, hash, libraries)
        const before = compile({ ...flag, rollout: low }).evaluate(target(context), view)
        const after = compile({ ...flag, rollout: high }).evaluate(target(context), view)
        if (!before.enabled) return
        expect(after).toMatchObject({
          enabled: true,
          ...(before.variant === undefined ? {} : { variant: before.variant, value: before.value }),
        })
      }),
      { numRuns: 300 },
    )
  })

  test('of a rule removes nobody', () => {
    fc.assert(
      fc.property(anyContext, anyRollout, anyRollout, (context, a, b) => {
        const isEnabledAt = (rollout: number): boolean =>
          compile({ name: 'flag', rules: [{ when: [], rollout }] }).evaluate(target(context), viewOf({}, hash)).enabled
        if (isEnabledAt(Math.min(a, b))) expect(isEnabledAt(Math.max(a, b))).toBe(true)
      }),
    )
  })
})

describe('a negated condition', () => {
  test('is never met together with the condition, and one of them is met wherever the verdict is known', () => {
    fc.assert(
      fc.property(anyFlag, anyContext, anySurroundings, ({ rules = [] }, context, surroundings) => {
        const when = rules.flatMap((rule) => rule.when).slice(0, 50)
        const flagOf = (not: boolean): CompiledFlag =>
          compile({ name: 'flag', rules: [{ when: when.map((condition) => ({ ...condition, not })) }] })
        const view = viewOf(surroundings, hash, libraries)
        const [plain, negated] = [false, true].map((not) => trace(flagOf(not), target(context), view).rules[0]?.conditions ?? [])
        for (const [index, { met, verdict }] of (plain ?? []).entries()) {
          expect([met, negated?.[index]?.met]).toEqual(verdict === 'unknown' ? [false, false] : [verdict, !verdict])
        }
      }),
      { numRuns: 500 },
    )
  })
})
