import type { Target } from './target.ts'

/** Where an attribute is in an evaluation context. */
export interface AttributePath {
  /** The path where it is one name: no dots, and not `targetingKey`. */
  readonly name: string | undefined
  /** At each level the next name, and the rest of the path as one name. */
  readonly levels: readonly { readonly name: string; readonly rest: string }[]
}

/** Parses a path: `targetingKey`, a name, or names with dots between them that lead into objects. */
export function attributePath(path: string): AttributePath {
  const names = path.split('.')
  const isName = names.length === 1 && path !== 'targetingKey'
  return { name: isName ? path : undefined, levels: names.map((name, level) => ({ name, rest: names.slice(level).join('.') })) }
}

/**
 * The attribute, or `undefined` where it is missing or JSON cannot hold it. At each level, a property named like the whole rest of the path
 * comes first. Only own properties count, so that no prototype's property is read. May throw what a getter of the caller's throws.
 */
export function attributeAt({ name, levels }: AttributePath, { key, attributes }: Target): unknown {
  if (name !== undefined) return attributes === undefined ? undefined : ownValue(attributes, name)
  if (levels.length === 1) return key
  let at: unknown = attributes
  for (const level of levels) {
    if (!isObject(at)) return undefined
    if (Object.hasOwn(at, level.rest)) return ownValue(at, level.rest)
    at = ownValue(at, level.name)
  }
  return undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function ownValue(holder: object, name: string): unknown {
  if (!Object.hasOwn(holder, name)) return undefined
  const value = (holder as Record<string, unknown>)[name]
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'object' ? (value ?? undefined) : undefined
}
