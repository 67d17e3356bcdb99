import type { Absent } from '../service/absent.ts'
import type { Binaries } from './binaries.ts'
import { fetchDebianPackage } from './fetch-debian-package.ts'

/** Redis' programs from the distribution's package. */
export function fetchRedis(): Promise<Binaries | Absent> {
  return fetchDebianPackage({ name: 'redis-server', others: ['redis-tools'], program: 'usr/bin/redis-server', version: '--version' })
}
