import type { JsonValue } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { isFlagName } from './flag-name.ts'

/** What code says of a flag that it uses. */
export interface FlagDefinition {
  /** What a call gets for who is out, and where the flag does not exist or cannot be known. Its type is the flag's type. */
  readonly default: JsonValue
  readonly description?: string
  /**
   * Where no layer knows: `'default'` answers with the default; `'throw'` rejects, for the few flags that must not guess.
   * Default `'default'`.
   */
  readonly onUnavailable?: 'default' | 'throw'
}

/** Flag names and what code says of each. */
export interface FlagSchema {
  readonly [name: string]: FlagDefinition
}

/** The names of a schema; any string where there is none. */
export type FlagName<S extends FlagSchema> = keyof S & string

/** `false` is a boolean, `'a'` a string. */
export type Widen<T> = T extends boolean ? boolean : T extends number ? number : T extends string ? string : T

/** The same into objects and lists, which a schema holds as literals. */
type WidenAll<T> = T extends object ? { readonly [K in keyof T]: WidenAll<T[K]> } : Widen<T>

/** The type of a flag's value. */
export type ValueOf<S extends FlagSchema, N extends FlagName<S>> = WidenAll<S[N]['default']>

const FIELDS: ReadonlySet<string> = new Set(['default', 'description', 'onUnavailable'])

/** Names, types, defaults and descriptions from one value. Throws `INVALID_OPTIONS` where a definition is wrong. */
export function defineFlags<const S extends FlagSchema>(schema: S): S {
  for (const [name, definition] of Object.entries(schema)) {
    const wrong = problemOf(name, definition)
    if (wrong !== undefined) throw new FlagsError('INVALID_OPTIONS', `schema: ${wrong}.`, { flag: name })
  }
  return schema
}

function problemOf(name: string, definition: FlagDefinition): string | undefined {
  if (!isFlagName(name)) return `${JSON.stringify(name)} is not a flag name`
  if (definition === null || typeof definition !== 'object' || definition.default === undefined) return `${name} needs a default`
  const unknown = Object.keys(definition).find((field) => !FIELDS.has(field))
  if (unknown !== undefined) return `${name} has an unknown field ${unknown}`
  const { onUnavailable } = definition
  if (onUnavailable !== undefined && onUnavailable !== 'default' && onUnavailable !== 'throw') {
    return `${name}.onUnavailable is 'default' or 'throw'`
  }
  return undefined
}
