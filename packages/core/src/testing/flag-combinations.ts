import { FlagsError } from '../errors/flags-error.ts'

/** There are 2 to the power of it combinations. */
const MAX_FLAGS = 16

/**
 * Every combination of these flags on and off, to run a test under each; `false` for all comes first.
 *
 * Throws `INVALID_OPTIONS` for more than 16 flags, which would be more than 65,536 combinations.
 */
export function everyCombination<const N extends string>(names: readonly N[]): readonly Readonly<Record<N, boolean>>[] {
  if (names.length > MAX_FLAGS) {
    throw new FlagsError('INVALID_OPTIONS', `${names.length} flags have too many combinations; take ${MAX_FLAGS} at most.`)
  }
  return Array.from(
    { length: 2 ** names.length },
    (_, number) => Object.fromEntries(names.map((name, bit) => [name, ((number >> bit) & 1) === 1])) as Record<N, boolean>,
  )
}
