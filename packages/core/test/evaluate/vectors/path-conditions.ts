import { type ConditionVector, met } from './condition-vector.ts'

const isPro = { attribute: 'company.plan', operator: 'equals', value: 'pro' } as const
const deep = { attribute: 'a.b.c', operator: 'exists' } as const
const key = { attribute: 'targetingKey', operator: 'equals', value: 'user-1' } as const

export const pathConditions: readonly ConditionVector[] = [
  met('paths', isPro, { company: { plan: 'pro' } }, true),
  met('paths', isPro, { company: { plan: 'free' } }, false),
  met('paths', isPro, { company: 'pro' }, false),
  met('paths', isPro, { company: ['pro'] }, false),
  met('paths', isPro, { company: [{ plan: 'pro' }] }, false),
  met('paths', isPro, { company: null }, false),
  met('paths', { ...isPro, not: true }, { company: { plan: 'free' } }, true),
  met('paths', { ...isPro, not: true }, { company: {} }, false),
  met('paths: a name with dots comes first', isPro, { 'company.plan': 'pro', company: { plan: 'free' } }, true),
  met('paths: a name with dots comes first', isPro, { 'company.plan': 'free', company: { plan: 'pro' } }, false),
  met('paths: a name with dots comes first', isPro, { 'company.plan': null, company: { plan: 'pro' } }, false),
  met('paths: a name with dots comes first', deep, { a: { 'b.c': 1 } }, true),
  met('paths: a name with dots comes first', deep, { 'a.b': { c: 1 } }, false),
  met('paths', deep, { a: { b: { c: 0 } } }, true),
  met('paths', deep, { a: { b: {} } }, false),
  met('paths: only what the context itself has', { attribute: 'constructor', operator: 'exists' }, { x: 1 }, false),
  met('paths: only what the context itself has', { attribute: 'constructor.name', operator: 'exists' }, { x: 1 }, false),
  met('paths: only what the context itself has', { attribute: '__proto__', operator: 'exists' }, { x: 1 }, false),
  met('paths: only what the context itself has', { attribute: 'tags.length', operator: 'exists' }, { tags: ['a'] }, false),
  met('paths: only what the context itself has', { attribute: 'text.length', operator: 'exists' }, { text: 'abc' }, false),
  met('paths', { attribute: 'a..b', operator: 'exists' }, { a: { '': { b: 1 } } }, true),
  met('targetingKey', key, 'user-1', true),
  met('targetingKey', key, { targetingKey: 'user-1' }, true),
  met('targetingKey', key, 'user-2', false),
  met('targetingKey', { ...key, not: true }, 'user-2', true),
  met('targetingKey', { ...key, not: true }, {}, false),
  met('targetingKey', { attribute: 'targetingKey', operator: 'equals', value: '42' }, 42, true),
  met('targetingKey', { attribute: 'targetingKey', operator: 'exists' }, { targetingKey: '' }, false),
  met('targetingKey', { attribute: 'targetingKey', operator: 'startsWith', value: 'user-' }, 'user-9', true),
]
