import { isNotAvailable, type NotAvailable } from '../service/not-available.ts'
import type { Binaries } from './binaries.ts'

/** The programs from the first source that has them. The error says why each source has none. */
export async function firstAvailableBinaries(
  product: string,
  sources: readonly (() => Promise<Binaries | NotAvailable>)[],
): Promise<Binaries> {
  const reasons: string[] = []
  for (const source of sources) {
    const binaries = await source()
    if (!isNotAvailable(binaries)) return binaries
    reasons.push(binaries.absent)
  }
  throw new Error(`No programs of ${product} are available: ${reasons.join('; ')}`)
}
