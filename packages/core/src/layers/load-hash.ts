import xxhash from 'xxhash-wasm'
import type { Hash } from '../evaluate/bucket.ts'

/** A hash of its own for each client: it works in a piece of memory that cannot be shared. */
export async function loadHash(): Promise<Hash> {
  const { h32 } = await xxhash()
  return h32
}
