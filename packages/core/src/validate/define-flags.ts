import type { JsonValue } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { isFlagName } from './flag-name.ts'

/** How code defines a flag that it uses. */
export interface FlagDefinition {
  /** The value for a user who is out, and where the flag does not exist or no layer can answer. Its type is the flag's type. */
  readonly default: JsonValue
  readonly description?: string
  /**
   * Where no layer can answer: `'default'` answers with the default; `'throw'` rejects, for the few flags that must not guess.
   * Default `'default'`.
   */
  readonly onUnavailable?: 'default' | 'throw'
}

/** Flag names and their definitions. */
export interface FlagSchema {
  readonly [name: string]: FlagDefinition
}

/** The names of a schema; any string where there is none. */
export type FlagName<S extends FlagSchema> = keyof S & string

/** `false` is a boolean, `'a'` a string. */
export type Widen<T> = T extends boolean ? boolean : T extends number ? number : T extends string ? string : T

/** `Widen`, also inside objects and lists, which a schema holds as literals. */
type WidenAll<T> = T extends object ? { readonly [K in keyof T]: WidenAll<T[K]> } : Widen<T>

/** The type of a flag's value. */
export type ValueOf<S extends FlagSchema, N extends FlagName<S>> = WidenAll<S[N]['default']>

const FIELDS: ReadonlySet<string> = new Set(['default', 'description', 'onUnavailable'])

/** Names, types, defaults and descriptions from one value. Throws `INVALID_OPTIONS` where a definition is wrong. */
export function defineFlags<const S extends FlagSchema>(schema: S): S {
  for (const [name, definition] of Object.entries(schema)) {
    const problem = problemOf(name, definition)
    if (problem !== undefined) throw new FlagsError('INVALID_OPTIONS', `schema: ${problem}.`, { flag: name })
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
