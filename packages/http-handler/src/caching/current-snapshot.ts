import type { FlagSnapshot, Flags } from '@flagstone/core'

/** `undefined` once the client is closed. */
export async function snapshotOf(flags: Flags): Promise<FlagSnapshot | undefined> {
  try {
    return await flags.snapshot()
  } catch {
    return undefined
  }
}
