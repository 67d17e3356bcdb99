import { type Absent, type Binaries, isAbsent } from './service.ts'

/** The first programs that can be had; the error says why each source has none. */
export async function firstBinaries(product: string, sources: readonly (() => Promise<Binaries | Absent>)[]): Promise<Binaries> {
  const reasons: string[] = []
  for (const source of sources) {
    const binaries = await source()
    if (!isAbsent(binaries)) return binaries
    reasons.push(binaries.absent)
  }
  throw new Error(`no programs of ${product}: ${reasons.join('; ')}`)
}
