import fc from 'fast-check'
import type { Condition, JsonValue, NewFlag, NewSegment, Operator } from '../../src/adapter.ts'

const ATTRIBUTES = ['targetingKey', 'plan', 'age', 'company.id', 'tags', 'at', 'ip', 'app', 'a.b.c', '__proto__', 'constructor', 'no.such']

const text = fc.string({ maxLength: 8 })
const scalar = fc.oneof(text, fc.integer({ min: -5, max: 50 }), fc.boolean())
const iso = fc.integer({ min: -1e12, max: 4e12 }).map((ms) => new Date(ms).toISOString())
const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '-beta.1', '-rc')).map(([a, b, c, d]) => `${a}.${b}.${c}${d}`)
const address = fc.oneof(fc.ipV4(), fc.ipV6())
const range = fc.oneof(
  address,
  fc.tuple(fc.ipV4(), fc.nat(32)).map(([ip, bits]) => `${ip}/${bits}`),
  fc.tuple(fc.ipV6(), fc.nat(128)).map(([ip, bits]) => `${ip}/${bits}`),
)
const part = fc.string({ minLength: 1, maxLength: 4 })
const names = fc.constantFrom('beta', 'germans', 'nobody', 'gone')
const listOf = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 1, maxLength: 4 })
const oneOrMore = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> => fc.oneof(item, listOf(item))
const pattern = fc.constantFrom('a', '^a+$', '(a+)+$', '[a-z]{2,5}', '\\d+', '^(x|y)*z', '.*b')

const VALUES: Readonly<Record<Operator, fc.Arbitrary<JsonValue | undefined>>> = {
  equals: scalar,
  in: listOf(scalar),
  contains: oneOrMore(fc.oneof(part, fc.integer(), fc.boolean())),
  startsWith: oneOrMore(part),
  endsWith: oneOrMore(part),
  matches: pattern,
  greaterThan: fc.integer({ min: -5, max: 50 }),
  // JSON has no -0: it is kept as 0.
  greaterOrEqual: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  lessThan: fc.integer({ min: -5, max: 50 }),
  lessOrEqual: fc.integer({ min: -5, max: 50 }),
  before: iso,
  after: iso,
  semverEquals: version,
  semverGreaterThan: version,
  semverLessThan: version,
  exists: fc.constant(undefined),
  inCidr: oneOrMore(range),
  inSegment: oneOrMore(names),
}
const TAKES_IGNORE_CASE: ReadonlySet<Operator> = new Set(['equals', 'in', 'contains', 'startsWith', 'endsWith', 'matches'])

/** Any legal condition. */
function anyCondition(operators: readonly Operator[] = Object.keys(VALUES) as Operator[]): fc.Arbitrary<Condition> {
  return fc.constantFrom(...operators).chain((operator) =>
    fc.record({ attribute: fc.constantFrom(...ATTRIBUTES), value: VALUES[operator], not: fc.boolean(), ignoreCase: fc.boolean() }).map(
      ({ attribute, value, not, ignoreCase }): Condition => ({
        attribute,
        operator,
        ...(value === undefined ? {} : { value }),
        ...(not ? { not } : {}),
        ...(ignoreCase && TAKES_IGNORE_CASE.has(operator) ? { ignoreCase } : {}),
      }),
    ),
  )
}

export const anyRollout: fc.Arbitrary<number> = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1_000)

const variantNames = ['a', 'b', 'c']
const variants = fc
  .tuple(...variantNames.map(() => fc.integer({ min: 0, max: 10_000 })))
  .map((weights) => variantNames.map((name, index) => ({ name, value: { [name]: index }, weight: (weights[index] ?? 0) / 1_000 })))
const ramp = fc.tuple(fc.nat(1e12), fc.integer({ min: 1, max: 1e12 }), anyRollout, anyRollout).map(([start, length, first, last]) => ({
  from: { at: new Date(start).toISOString(), rollout: first },
  to: { at: new Date(start + length).toISOString(), rollout: last },
}))

/** Any legal flag, with variants where its rules name some. */
export const anyFlag: fc.Arbitrary<NewFlag> = fc
  .record(
    {
      name: fc.constantFrom('flag', 'other', 'third'),
      enabled: fc.constantFrom(true, true, true, false),
      requires: fc.array(
        fc.record({ flag: fc.constantFrom('need', 'gone'), variant: fc.constantFrom('a', 'b') }, { requiredKeys: ['flag'] }),
        { maxLength: 2 },
      ),
      rules: fc.array(
        fc.record(
          {
            name: part.filter((each) => !each.includes('\0')),
            when: fc.array(anyCondition(), { maxLength: 3 }),
            rollout: anyRollout,
            variant: fc.constantFrom(...variantNames),
          },
          { requiredKeys: ['when'] },
        ),
        { maxLength: 4 },
      ),
      rollout: anyRollout,
      variants,
      ramp,
      bucketBy: fc.constantFrom(...ATTRIBUTES),
      salt: fc.constantFrom('salt', 'pepper'),
    },
    { requiredKeys: ['name', 'variants'] },
  )
  .map((flag) => flag as NewFlag)

export const anySegment: fc.Arbitrary<NewSegment> = fc.record(
  {
    name: fc.constantFrom('beta', 'germans', 'nobody'),
    members: fc.array(
      fc.string({ minLength: 1, maxLength: 8 }).filter((each) => !each.includes('\0')),
      { maxLength: 5 },
    ),
    when: fc.array(anyCondition((Object.keys(VALUES) as Operator[]).filter((operator) => operator !== 'inSegment')), { maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
)

const attribute = fc.oneof(
  scalar,
  iso,
  version,
  address,
  fc.double(),
  fc.constant(null),
  fc.date({ noInvalidDate: false }),
  fc.array(scalar, { maxLength: 3 }),
)

/** A context as apps pass it. */
export const anyContext: fc.Arbitrary<unknown> = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.nat(100),
  fc.record(
    {
      targetingKey: text,
      plan: attribute,
      age: attribute,
      company: fc.record({ id: attribute }),
      tags: fc.array(attribute, { maxLength: 4 }),
      at: attribute,
      ip: attribute,
      app: attribute,
      a: fc.record({ b: fc.record({ c: attribute }) }),
    },
    { requiredKeys: [] },
  ),
)

/** A hostile context: cycles, getters that throw, proxies, prototypes, symbols, functions, anything. */
export const anyHostileContext: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  anyContext.map((context) => hostile(context)),
)

function hostile(context: unknown): object {
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  cyclic['b'] = cyclic
  const throwingProxy = new Proxy(
    {},
    { get: throwHostile, has: throwHostile, getOwnPropertyDescriptor: throwHostile, ownKeys: throwHostile, getPrototypeOf: throwHostile },
  )
  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  const getter = Object.defineProperty({}, 'id', { get: throwHostile, enumerable: true })
  const polluted: unknown = JSON.parse('{"__proto__": {"plan": "pro"}, "constructor": {"prototype": {"plan": "pro"}}}')
  return {
    ...(context !== null && typeof context === 'object' ? context : {}),
    plan: [throwingProxy, cyclic, Symbol('s'), () => 'pro', 10n],
    age: Number.NaN,
    company: getter,
    tags: revoked.proxy,
    at: Object.create(Date.prototype),
    ip: throwingProxy,
    app: { toString: throwHostile },
    a: cyclic,
    ...(polluted as object),
    get getter() {
      throw new Error('hostile')
    },
  }
}

function throwHostile(): never {
  throw new Error('hostile')
}
