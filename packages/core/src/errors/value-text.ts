/** Characters of a value that are shown. */
const MAX_SHOWN = 200
/** Items or fields of a list or object that are shown. */
const MAX_PARTS = 10
const MAX_LEVELS = 2

/** A value as readable text of at most 200 characters. Never throws, whatever it is given. */
export function valueText(value: unknown): string {
  try {
    const text = textOf(value, 0)
    return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 1)}…`
  } catch {
    return 'unreadable'
  }
}

function textOf(value: unknown, level: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_SHOWN))
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Object.prototype.toString.call(value) === '[object Date]') return JSON.stringify(value)
  if (level === MAX_LEVELS) return Array.isArray(value) ? '[…]' : '{…}'
  return Array.isArray(value) ? listText(value, level + 1) : objectText(value, level + 1)
}

function listText(list: readonly unknown[], level: number): string {
  const parts = list.slice(0, MAX_PARTS).map((part) => textOf(part, level))
  return `[${[...parts, ...(list.length > MAX_PARTS ? ['…'] : [])].join(', ')}]`
}

function objectText(holder: object, level: number): string {
  const keys = Object.keys(holder)
  const parts = keys
    .slice(0, MAX_PARTS)
    .map((key) => `${key.slice(0, MAX_SHOWN)}: ${textOf((holder as Record<string, unknown>)[key], level)}`)
  return `{${[...parts, ...(keys.length > MAX_PARTS ? ['…'] : [])].join(', ')}}`
}
