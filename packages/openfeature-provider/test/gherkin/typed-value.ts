import type { Client, EvaluationContext, EvaluationDetails, FlagEvaluationOptions, JsonValue } from '@openfeature/server-sdk'

/** The names of value types in the features. */
export type ValueType = 'boolean' | 'string' | 'integer' | 'float' | 'object'

const TYPES: readonly string[] = ['boolean', 'string', 'integer', 'float', 'object']

export function parseType(text: string): ValueType {
  const type = text.toLowerCase()
  if (!TYPES.includes(type)) throw new Error(`There is no type ${text}.`)
  return type as ValueType
}

/** Parses a value as a feature writes it. */
export function parseValue(type: ValueType, text: string): JsonValue {
  const plain = text.replaceAll('\\"', '"')
  if (type === 'string') return plain
  const value = JSON.parse(plain) as JsonValue
  const kind = type === 'integer' || type === 'float' ? 'number' : type
  if (typeof value !== kind || (type === 'integer' && !Number.isInteger(value))) throw new Error(`${text} is no ${type}.`)
  return value
}

/** Evaluates with the client's method for the type. */
export function evaluate(
  client: Client,
  type: ValueType,
  name: string,
  fallback: JsonValue,
  context?: EvaluationContext,
  options?: FlagEvaluationOptions,
): Promise<EvaluationDetails<JsonValue>> {
  switch (type) {
    case 'boolean':
      return client.getBooleanDetails(name, fallback as boolean, context, options)
    case 'string':
      return client.getStringDetails(name, fallback as string, context, options)
    case 'object':
      return client.getObjectDetails(name, fallback, context, options)
    default:
      return client.getNumberDetails(name, fallback as number, context, options)
  }
}
