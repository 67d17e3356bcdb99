import type { FlagSnapshot, Flags } from '@flagstone/core'

/** The client's snapshot; `undefined` once the client is closed. */
export async function currentSnapshot(flags: Flags): Promise<FlagSnapshot | undefined> {
  try {
    return await flags.snapshot()
  } catch {
    return undefined
  }
}
