import { describe, expectTypeOf, test } from 'vitest'
import { createFlags, defineFlags, type Evaluation, type FlagName, type FlagRecord, memoryStore, type ValueOf } from '../../src/index.ts'

const schema = defineFlags({
  new_feature: { default: false, description: 'The new checkout.' },
  button_colour: { default: 'blue' },
  max_items: { default: 10, onUnavailable: 'throw' },
  layout: { default: { columns: 2 } },
})
const typed = createFlags({ store: memoryStore(), schema })
const untyped = createFlags({ store: memoryStore() })

describe('with a schema', () => {
  test('names are those of the schema, and a typo is an error', () => {
    expectTypeOf<FlagName<typeof schema>>().toEqualTypeOf<'new_feature' | 'button_colour' | 'max_items' | 'layout'>()
    expectTypeOf(typed.isEnabled).parameter(0).toEqualTypeOf<'new_feature' | 'button_colour' | 'max_items' | 'layout'>()
    // @ts-expect-error a typo
    typed.isEnabled('new_featur', 'ada')
    // @ts-expect-error a typo
    typed.evaluate('new_featur', 'ada')
    // @ts-expect-error a typo
    typed.admin.update('new_featur', { rollout: 50 })
    // @ts-expect-error a typo
    typed.admin.create({ name: 'new_featur' })
    typed.admin.create({ name: 'new_feature', rollout: 50 })
  })

  test('values have the type of their default', () => {
    expectTypeOf<ValueOf<typeof schema, 'new_feature'>>().toEqualTypeOf<boolean>()
    expectTypeOf(typed.value('new_feature', 'ada')).resolves.toEqualTypeOf<boolean>()
    expectTypeOf(typed.value('button_colour', 'ada')).resolves.toEqualTypeOf<string>()
    expectTypeOf(typed.value('max_items')).resolves.toEqualTypeOf<number>()
    expectTypeOf(typed.value('layout')).resolves.toEqualTypeOf<{ readonly columns: number }>()
    typed.value('button_colour', 'ada', { default: 'red', minVersion: 3 })
    // @ts-expect-error another type than the schema's
    typed.value('button_colour', 'ada', { default: 7 })
  })
})

describe('without a schema', () => {
  test('any name is accepted, and value takes its type from the default, which must be given', () => {
    expectTypeOf(untyped.isEnabled).parameter(0).toEqualTypeOf<string>()
    expectTypeOf(untyped.value('x', 'ada', { default: 'blue' })).resolves.toEqualTypeOf<string>()
    expectTypeOf(untyped.value('x', 7, { default: false })).resolves.toEqualTypeOf<boolean>()
    // @ts-expect-error no default
    untyped.value('x', 'ada')
  })
})

test('who is a string, a number or a context', () => {
  untyped.isEnabled('x')
  untyped.isEnabled('x', 'ada', { default: true, minVersion: 7 })
  untyped.isEnabled('x', { targetingKey: 'ada', plan: 'pro', age: 7 })
  // @ts-expect-error not a targeting key
  untyped.isEnabled('x', { targetingKey: 7 })
  // @ts-expect-error not a user
  untyped.isEnabled('x', true)
  // @ts-expect-error an unknown option
  untyped.isEnabled('x', 'ada', { defualt: true })
})

test('answers are typed', () => {
  expectTypeOf(untyped.isEnabled('x')).resolves.toEqualTypeOf<boolean>()
  expectTypeOf(untyped.evaluate('x')).resolves.toEqualTypeOf<Evaluation>()
  expectTypeOf(untyped.admin.get('x')).resolves.toEqualTypeOf<FlagRecord | null>()
  expectTypeOf(untyped).toExtend<AsyncDisposable>()
})

test('a patch knows its fields', () => {
  untyped.admin.update('x', { owner: null, rollout: 3 })
  // @ts-expect-error an unknown field
  untyped.admin.update('x', { rolout: 3 })
  // @ts-expect-error not optional
  untyped.admin.update('x', { rollout: null })
})

test('a schema says what is wrong with it', () => {
  // @ts-expect-error no default
  defineFlags({ x: {} })
  // @ts-expect-error no such behaviour
  defineFlags({ x: { default: true, onUnavailable: 'explode' } })
})
