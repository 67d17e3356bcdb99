import { FlagsError } from '../errors/flags-error.ts'

/** How often to look and create: another process may create it after the look, and delete it before the next one. */
const ATTEMPTS = 3

const TAKEN: ReadonlySet<string> = new Set(['FLAG_EXISTS', 'SEGMENT_EXISTS'])

/** Returns what `find` finds, or what `create` makes. Of several calls at once, one creates it. */
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
