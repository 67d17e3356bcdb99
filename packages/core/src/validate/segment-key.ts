/** Begins the key of a segment where flags and segments are kept side by side. No flag name has a `:`, so keys never collide. */
const PREFIX = 'segment:'

/** `segment:<name>` */
export function segmentKey(name: string): string {
  return PREFIX + name
}

/** The segment's name, or `undefined` where the key is a flag's. */
export function segmentNameOf(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined
}
