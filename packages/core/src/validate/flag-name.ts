/** The names that a flag or a segment can have. */
export const NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

export function isFlagName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name)
}
