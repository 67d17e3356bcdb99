function freeze(value: unknown): void {
  if (value === null || typeof value !== 'object') return
  for (const part of Object.values(value)) freeze(part)
  Object.freeze(value)
}

/** A deeply frozen copy of anything that JSON can hold. */
export function frozenCopy<T>(value: T): T {
  const copy = structuredClone(value)
  freeze(copy)
  return copy
}
