import { BlockList, isIP } from 'node:net'
import { ipRangeOf } from '../../validate/ip-range.ts'
import { itemsOf, type OperatorKind } from './operator.ts'

/** Characters of the longest address, mapped and with a zone. */
const MAX_ADDRESS = 100

/** An IPv4 address and its IPv4-mapped IPv6 form are the same. A zone (`%eth0`) does not count. */
export const inCidr: OperatorKind = {
  compile(value) {
    const ranges = new BlockList()
    for (const item of itemsOf<string>(value)) {
      const range = ipRangeOf(item)
      if (range !== undefined) ranges.addSubnet(range.address, range.prefix, range.family)
    }
    return (attribute) => {
      if (typeof attribute !== 'string' || attribute.length > MAX_ADDRESS) return undefined
      const version = isIP(attribute)
      return version === 0 ? undefined : ranges.check(attribute.replace(/%.*$/, ''), version === 4 ? 'ipv4' : 'ipv6')
    }
  },
}
