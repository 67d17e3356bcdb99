import xxhash from 'xxhash-wasm'
import type { Hash } from '../evaluate/bucket.ts'

/** Each client has its own instance: it works in memory that cannot be shared. */
export async function loadHash(): Promise<Hash> {
  const { h32 } = await xxhash()
  return h32
}
