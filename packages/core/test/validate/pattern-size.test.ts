import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { reachOf } from '../../src/evaluate/operators/pattern.ts'
import { checkNewFlag } from '../../src/validate/check-flag.ts'
import { OPERATOR_VALUES } from '../../src/validate/operator-values.ts'
import { writtenOut } from '../../src/validate/pattern-size.ts'

describe('the size of a pattern', () => {
  test.each([
    ['abc', 3],
    ['a{3}', 3],
    ['a{3,}', 4],
    ['a{3,9}', 9],
    ['a{0}', 1],
    ['(ab){100}', 301],
    ['((a{10}){10}){10}', 1_110],
    ['[a-z]{2}', 10],
    ['[]a]{2}', 8],
    ['[^]a)(]{2}', 14],
    ['[[:alpha:])]{2}', 24],
    ['[\\]{9}]', 7],
    ['\\({3}', 6],
    ['\\pL{2}', 5],
    ['\\p{Greek}{2}', 18],
    ['\\x{1F600}{2}', 18],
    ['\\Q({9}\\E{2}', 16],
    ['a{,3}', 5],
    ['a{x}', 4],
    ['{3}', 0],
    [')a{2}', 3],
    ['(a{2}', 3],
    ['\\', 1],
    ['[', 1],
    ['', 0],
  ])('of %s written out is about %d', (pattern, size) => {
    expect(Math.abs(writtenOut(pattern) - size), `${writtenOut(pattern)}`).toBeLessThanOrEqual(1)
  })

  test('bounds the program that the library makes of it, whatever it consists of', () => {
    const atom = fc.constantFrom(
      'a',
      '.',
      '[a-z]',
      '[^)(]',
      '[]{2}]',
      '\\d',
      '\\pL',
      '\\p{Greek}',
      '\\(',
      '\\Q(a{9}\\E',
      '\\x{41}',
      'é',
      '[[:alpha:]]',
    )
    const repeat = fc.constantFrom('', '*', '+?', '?', '{3}', '{2,}', '{0,9}', '{50}')
    const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
      piece: fc.oneof(
        { depthSize: 'small' },
        fc.tuple(atom, repeat).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), repeat).map(([inner, each]) => `(${inner})${each}`),
      ),
      pattern: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
    }))
    fc.assert(
      fc.property(pattern, (text) => {
        const size = writtenOut(text)
        if (size > 20_000) return
        let program: number
        try {
          program = RE2JS.compile(text).programSize()
        } catch {
          return
        }
        expect(program).toBeLessThanOrEqual(4 * size + 10)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a pattern', () => {
  test('has at most 1,000 characters, also written out', () => {
    for (const legal of ['a', 'a'.repeat(1_000), '.{1000}', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', '(?i)^\\p{L}{2,50}$']) {
      expect(OPERATOR_VALUES.matches.problem(legal), legal.slice(0, 50)).toBeUndefined()
    }
    for (const illegal of ['', 'a'.repeat(1_001), 'aa{1000}', '(.{10}){101}', '(((a{1000}){1000}){1000})', 5, undefined, ['a']]) {
      expect(OPERATOR_VALUES.matches.problem(illegal), String(illegal).slice(0, 50)).toContain('a pattern of 1 to 1,000 characters')
    }
  })

  test('is searched in fewer characters the larger it is', () => {
    const reaches = ['b', '0123456789', '01234567890', 'a{500}', '.{0,990}!$', 'a{1000}', '{3}'].map(reachOf)
    expect(reaches).toEqual([10_000, 10_000, 9_090, 200, 100, 100, 10_000])
  })

  test('can occur a hundred times in a flag', () => {
    const rules = [...Array(100).keys()].map(() => ({ when: [{ attribute: 'x', operator: 'matches', value: 'a' }] }))
    expect(checkNewFlag({ name: 'flag', rules }).rules).toHaveLength(100)
  })
})
