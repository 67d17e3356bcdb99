/** What a segment is known by where flags and segments stand side by side. No flag name has a `:`, so the two never meet. */
const PREFIX = 'segment:'

/** `segment:<name>` */
export function segmentKey(name: string): string {
  return PREFIX + name
}

/** The segment's name, or `undefined` where the key is a flag's. */
export function segmentNameOf(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined
}
