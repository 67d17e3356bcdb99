import type { Connection } from './connection.ts'
import type { Keys } from './keys.ts'

/** Unlinks everything under a prefix, on every master, without holding Redis up. The only place that scans. Answers how many. */
export async function purgeAll(connection: Connection, { all }: Keys): Promise<number> {
  let count = 0
  for (const master of connection.masters()) {
    let cursor = '0'
    do {
      const [next, found] = await master.scan(cursor, 'MATCH', all.glob, 'COUNT', 1_000)
      const keys = found.filter((key) => all.heads.some((head) => key.startsWith(head)))
      // One by one, because keys of different slots cannot go in one command; all in one write.
      const unlinked = await Promise.all(keys.map((key) => connection.node.unlink(key)))
      count += unlinked.reduce((sum, one) => sum + one, 0)
      cursor = next
    } while (cursor !== '0')
  }
  return count
}
