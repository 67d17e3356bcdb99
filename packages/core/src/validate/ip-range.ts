import { isIP } from 'node:net'

/** A block of IP addresses. */
export interface IpRange {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  /** How many leading bits are the same in all of its addresses. */
  readonly prefix: number
}

/** Reads `10.0.0.0/8`, `2001:db8::/32`, or an address, which is a range of one; `undefined` for anything else. */
export function ipRangeOf(value: string): IpRange | undefined {
  const [, address = '', length] = /^([0-9a-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/.exec(value) ?? []
  const version = isIP(address)
  const bits = version === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  if (version === 0 || prefix > bits) return undefined
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix }
}
