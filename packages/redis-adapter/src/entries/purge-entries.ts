import type { Connection } from '../connection/connection.ts'
import type { Keys } from './keys.ts'

/** Deletes all keys of the prefix on every master with SCAN and UNLINK, which do not block Redis. Returns how many were deleted. */
export async function purgeEntries(connection: Connection, { all }: Keys): Promise<number> {
  let count = 0
  for (const master of connection.masters()) {
    let cursor = '0'
    do {
      const [next, found] = await master.scan(cursor, 'MATCH', all.glob, 'COUNT', 1_000)
      const keys = found.filter((key) => all.heads.some((head) => key.startsWith(head)))
      // One UNLINK per key, because one command cannot span slots. ioredis sends them in one write.
      const unlinked = await Promise.all(keys.map((key) => connection.node.unlink(key)))
      count += unlinked.reduce((sum, one) => sum + one, 0)
      cursor = next
    } while (cursor !== '0')
  }
  return count
}
