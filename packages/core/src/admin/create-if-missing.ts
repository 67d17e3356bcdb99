import { FlagsError } from '../errors/flags-error.ts'

/** Between finding nothing and creating it somebody may have created it, and then deleted it: it is tried again, this often. */
const ATTEMPTS = 3

const TAKEN: ReadonlySet<string> = new Set(['FLAG_EXISTS', 'SEGMENT_EXISTS'])

/** What is there already, or what `create` makes. Of several who ask at once, one creates it. */
export async function createIfMissing<T>(find: () => Promise<T | null>, create: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const found = await find()
    if (found !== null) return found
    try {
      return await create()
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof FlagsError && TAKEN.has(error.code))) throw error
    }
  }
}
