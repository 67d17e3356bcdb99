import { fetchDebian } from './fetch-debian.ts'
import type { Absent, Binaries } from './service.ts'

/** Redis' programs from the distribution's package. */
export function fetchRedis(): Promise<Binaries | Absent> {
  return fetchDebian({ name: 'redis-server', others: ['redis-tools'], program: 'usr/bin/redis-server', version: '--version' })
}
