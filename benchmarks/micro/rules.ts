/** Compares rules with a plain rollout: `tsx micro/rules.ts`. Prints CPU nanoseconds per evaluation, and the ratios to a plain `admits`. */
import type { FlagRecord, Rule } from '@flagstone/core/adapter'
import xxhash from 'xxhash-wasm'
import { CompiledFlag } from '../../packages/core/src/evaluate/compiled-flag.ts'
import { CompiledSegment } from '../../packages/core/src/evaluate/compiled-segment.ts'
import type { EvaluationView } from '../../packages/core/src/evaluate/evaluation-view.ts'
import { type Target, targetOf } from '../../packages/core/src/evaluate/target.ts'
import { fiveRules } from './five-rules.ts'

const CALLS = 400_000
const ROUNDS = 9
const AT = '2026-01-01T00:00:00.000Z'

const { h32 } = await xxhash()
const base: FlagRecord = {
  name: 'new_feature',
  schema: 2,
  enabled: true,
  rollout: 50,
  hashVersion: 1,
  version: 1,
  createdAt: AT,
  updatedAt: AT,
}

const inSegment: Rule = { when: [{ attribute: 'targetingKey', operator: 'inSegment', value: 'beta' }] }

const keys = Array.from({ length: 10_000 }, (_, index) => `user-${index}`)
const targets = keys.map((targetingKey) => targetOf({ targetingKey, country: 'DE', plan: 'pro', seats: 12 }) as Target)
const view: EvaluationView = { now: 0, flag: () => null, segment: () => null }

function worldWith(members: number): EvaluationView {
  const listed = Array.from({ length: members }, (_, index) => `member-${index}`)
  const segment = new CompiledSegment({ name: 'beta', schema: 2, members: listed, version: 1, createdAt: AT, updatedAt: AT })
  return { ...view, segment: () => segment }
}

function overTargets(record: FlagRecord, around: EvaluationView): () => number {
  const flag = new CompiledFlag(record, h32)
  return () => {
    let admitted = 0
    for (let index = 0; index < CALLS; index++) if (flag.evaluate(targets[index % 10_000] as Target, around).enabled) admitted++
    return admitted
  }
}

function overKeys(): number {
  let admitted = 0
  for (let index = 0; index < CALLS; index++) if (plain.admits(keys[index % 10_000] ?? '')) admitted++
  return admitted
}

const plain = new CompiledFlag(base, h32)
const subjects: readonly (readonly [string, () => number])[] = [
  ['plain: admits', overKeys],
  ['plain: evaluate', overTargets(base, view)],
  ['5 rules × 2 conditions, none matches', overTargets({ ...base, rules: fiveRules('nobody') }, view)],
  ['5 rules × 2 conditions, the last matches', overTargets({ ...base, rules: fiveRules('pro') }, view)],
  ['a segment of 10 members', overTargets({ ...base, rules: [inSegment] }, worldWith(10))],
  ['a segment of 10,000 members', overTargets({ ...base, rules: [inSegment] }, worldWith(10_000))],
]

const best = new Map<string, number>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [label, run] of subjects) {
    const before = process.cpuUsage()
    const admitted = run()
    const { user, system } = process.cpuUsage(before)
    if (Math.abs(admitted / CALLS - 0.5) > 0.05) throw new Error(`${label} let in ${admitted} of ${CALLS}`)
    best.set(label, Math.min(best.get(label) ?? Number.POSITIVE_INFINITY, ((user + system) * 1_000) / CALLS))
  }
}

const floor = best.get('plain: admits') ?? 1
for (const [label, ns] of best) console.log(`${ns.toFixed(0).padStart(6)} ns  ${(ns / floor).toFixed(2).padStart(5)} ×  ${label}`)
console.log('\nTarget: 5 rules × 2 conditions at most 3 × a plain admits; a segment costs the same whatever its size')
