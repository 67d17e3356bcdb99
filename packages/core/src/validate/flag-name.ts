/** What a flag or a segment can be called. */
export const NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Whether a flag or a segment can have this name. */
export function isFlagName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name)
}
