import assert from 'node:assert/strict'
import type { Changes, Cursor, FlagStore } from '../contracts/index.ts'

/** Expects `changesSince` to answer this. Where the answer says which store it is from, it is the one that `head` names. */
export async function assertChanges(store: FlagStore, cursor: Cursor, expected: Changes): Promise<void> {
  const { storeId, standby, ...changes } = await store.changesSince(cursor)
  assert.deepEqual(changes, expected)
  assert.equal(standby, undefined)
  if (storeId !== undefined) assert.equal(storeId, (await store.head()).storeId)
}
