import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EMPTY_VIEW } from '../../src/evaluate/evaluation-view.ts'
import { inCidr } from '../../src/evaluate/operators/cidr.ts'
import { OPERATOR_VALUES } from '../../src/validate/operator-values.ts'
import { target } from './views.ts'

const ada = target('ada')

function isIn(value: string | string[], address: unknown): boolean | undefined {
  const test = inCidr.compile(value, false, {})
  return typeof test === 'function' ? test(address, ada, EMPTY_VIEW) : undefined
}

/** The 128 bits of an address; an IPv4 address as IPv6 maps it. */
function bitsOf(address: string): bigint {
  const ipv4 = /^(.*:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  if (ipv4 !== null) {
    const [a, b, c, d] = ipv4.slice(2).map(Number) as [number, number, number, number]
    return bitsOf(`${ipv4[1] ?? '::ffff:'}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`)
  }
  const [head = '', tail] = address.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  return all.reduce((bits, group) => (bits << 16n) + BigInt(Number.parseInt(group, 16)), 0n)
}

const anyAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((address) => `::ffff:${address}`),
)

describe('an IP range', () => {
  test('holds the addresses that share its first bits, for IPv4 and IPv6', () => {
    fc.assert(
      fc.property(anyAddress, anyAddress, fc.nat(128), (network, address, length) => {
        const bits = network.includes(':') ? length : length % 33
        const ignoredBits = BigInt(network.includes(':') ? 128 - bits : 32 - bits)
        const shares = bitsOf(network) >> ignoredBits === bitsOf(address) >> ignoredBits
        expect(isIn(`${network}/${bits}`, address), `${address} in ${network}/${bits}`).toBe(shares)
      }),
      { numRuns: 2_000 },
    )
  })

  test('without a length is one address', () => {
    fc.assert(
      fc.property(anyAddress, anyAddress, (one, other) => {
        expect([isIn(one, one), isIn([one], other)]).toEqual([true, bitsOf(one) === bitsOf(other)])
      }),
    )
  })

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0/8',
    '::/129',
    'fe80::1%eth0',
    '10.0.0.0/8 ',
    'localhost',
    '',
    'a'.repeat(10_000),
  ])('is not %j', (range) => {
    expect(OPERATOR_VALUES.inCidr.problem(range)).toContain('an IP range')
  })

  test('is not a number, and no list of them is empty or has more than 1,000', () => {
    for (const value of [10, undefined, [], ['10.0.0.0/8', 10], Array.from({ length: 1_001 }, () => '::/0')])
      expect(OPERATOR_VALUES.inCidr.problem(value)).toBeDefined()
    expect(OPERATOR_VALUES.inCidr.problem(Array.from({ length: 1_000 }, () => '::/0'))).toBeUndefined()
  })

  test('takes no text that is far longer than an address', () => {
    expect(isIn('::/0', `fe80::1%${'a'.repeat(1_000_000)}`)).toBeUndefined()
  })
})
