import { type Absent, isAbsent } from '../service/absent.ts'
import type { Binaries } from './binaries.ts'

/** The programs from the first source that has them. The error says why each source has none. */
export async function firstBinaries(product: string, sources: readonly (() => Promise<Binaries | Absent>)[]): Promise<Binaries> {
  const reasons: string[] = []
  for (const source of sources) {
    const binaries = await source()
    if (!isAbsent(binaries)) return binaries
    reasons.push(binaries.absent)
  }
  throw new Error(`No programs of ${product} are available: ${reasons.join('; ')}`)
}
