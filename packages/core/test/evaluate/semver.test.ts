import fc from 'fast-check'
import SemVer from 'semver/classes/semver.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { EMPTY_VIEW } from '../../src/evaluate/evaluation-view.ts'
import { semverEquals, semverGreaterThan, semverLessThan } from '../../src/evaluate/operators/semver.ts'
import { loadOperatorLibraries } from '../../src/layers/load-operator-libraries.ts'
import type { OperatorLibraries } from '../../src/validate/operator-libraries.ts'
import { OPERATOR_VALUES } from '../../src/validate/operator-values.ts'
import { target } from './views.ts'

let libraries: OperatorLibraries
beforeAll(async () => {
  libraries = await loadOperatorLibraries(new Set(['semver']))
})

const number = fc.oneof(fc.nat(20), fc.constant(999_999_999_999_999)).map(String)
const identifier = fc.oneof(number, fc.stringMatching(/^[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,3}$/))
const dotted = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join('.'))
const anyVersion = fc
  .tuple(
    fc.constantFrom('', 'v'),
    number,
    number,
    number,
    fc.option(dotted(identifier)),
    fc.option(dotted(fc.stringMatching(/^[0-9a-zA-Z-]{1,3}$/))),
  )
  .map(
    ([v, major, minor, patch, prerelease, build]) =>
      `${v}${major}.${minor}.${patch}${prerelease === null ? '' : `-${prerelease}`}${build === null ? '' : `+${build}`}`,
  )

describe('a version', () => {
  test('compares to another by SemVer, under exactly one of the three operators', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, (value, attribute) => {
        const order = new SemVer(attribute).compare(value)
        const verdicts = [semverLessThan, semverEquals, semverGreaterThan].map((operator) => {
          expect(OPERATOR_VALUES.semverEquals.problem(value), value).toBeUndefined()
          const test = operator.compile(value, false, libraries)
          return typeof test === 'function' && test(attribute, target('ada'), EMPTY_VIEW)
        })
        expect(verdicts, `${attribute} to ${value}`).toEqual([order < 0, order === 0, order > 0])
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    '1',
    '1.2',
    '1.2.3.4',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3+',
    '=1.2.3',
    ' 1.2.3',
    '1.2.x',
    '^1.2.3',
    '1.2.1234567890123456',
    `1.2.3-${'a'.repeat(251)}`,
    1.2,
    undefined,
  ])('is not %j', (value) => {
    expect(OPERATOR_VALUES.semverEquals.problem(value)).toContain('a version as SemVer 2.0 has it')
  })
})
