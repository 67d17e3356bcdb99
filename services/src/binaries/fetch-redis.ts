import type { NotAvailable } from '../service/not-available.ts'
import type { Binaries } from './binaries.ts'
import { fetchDebianPackage } from './fetch-debian-package.ts'

/** Redis' programs from the distribution's package. */
export function fetchRedis(): Promise<Binaries | NotAvailable> {
  return fetchDebianPackage({ name: 'redis-server', others: ['redis-tools'], program: 'usr/bin/redis-server', version: '--version' })
}
