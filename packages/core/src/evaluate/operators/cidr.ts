import { BlockList, isIP } from 'node:net'
import { itemsOf, type OperatorKind } from './operator.ts'

/** The longest address, mapped and with a zone. */
const MAX_ADDRESS = 100

interface Range {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address for itself alone. */
function rangeOf(value: string): Range | undefined {
  const [, address = '', length] = /^([0-9a-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/.exec(value) ?? []
  const version = isIP(address)
  const bits = version === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  if (version === 0 || prefix > bits) return undefined
  return { address, family: familyOf(version), prefix }
}

function familyOf(version: number): 'ipv4' | 'ipv6' {
  return version === 4 ? 'ipv4' : 'ipv6'
}

function isRange(value: unknown): value is string {
  return typeof value === 'string' && rangeOf(value) !== undefined
}

/** An IPv4 address and its IPv4-mapped IPv6 form are the same. A zone (`%eth0`) does not count. */
export const inCidr: OperatorKind = {
  takesIgnoreCase: false,
  problem: (value) =>
    itemsOf(value, isRange) === undefined
      ? 'an IP range such as 10.0.0.0/8 or 2001:db8::/32, an IP address, or a list of 1 to 1,000 of them'
      : undefined,
  compile(value) {
    const ranges = new BlockList()
    for (const item of itemsOf(value, isRange) ?? []) {
      const range = rangeOf(item)
      if (range !== undefined) ranges.addSubnet(range.address, range.prefix, range.family)
    }
    return (attribute) => {
      if (typeof attribute !== 'string' || attribute.length > MAX_ADDRESS) return undefined
      const version = isIP(attribute)
      return version === 0 ? undefined : ranges.check(attribute.replace(/%.*$/, ''), familyOf(version))
    }
  },
}
