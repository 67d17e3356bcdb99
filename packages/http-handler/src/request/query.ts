import { HttpError } from '../response/http-error.ts'

const ENCODED = /[%+]/
/** At most as many digits as the largest safe integer has. */
const WHOLE = /^\d{1,16}$/

/** The query parameters of a request: only those that the route takes, each at most once. */
export class Query {
  readonly #names: string[] = []
  readonly #values: string[] = []

  /** Returns `false` if the parameter is there already. */
  add(name: string, value: string): boolean {
    if (this.#names.includes(name)) return false
    this.#names.push(name)
    this.#values.push(value)
    return true
  }

  text(name: string): string | undefined {
    const at = this.#names.indexOf(name)
    return at === -1 ? undefined : this.#values[at]
  }

  wholeNumber(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (!WHOLE.test(text) || !Number.isSafeInteger(Number(text))) {
      throw new HttpError('INVALID_QUERY', `The query parameter ${name} must be a whole number, 0 or more.`)
    }
    return Number(text)
  }
}

/**
 * Throws `INVALID_QUERY` for a parameter that the route does not take (a misspelt `user_id` would be answered for no user), for one that is
 * given twice, and for broken percent-encoding.
 */
export function parseQuery(url: string, known: readonly string[]): Query {
  const query = new Query()
  const end = indexBefore('#', url, 0, url.length)
  const start = indexBefore('?', url, 0, end)
  for (let from = start + 1, to = from; from < end; from = to + 1) {
    to = indexBefore('&', url, from, end)
    if (from === to) continue
    const equals = indexBefore('=', url, from, to)
    const name = decoded(url.slice(from, equals))
    const value = decoded(url.slice(equals + 1, to))
    if (!known.includes(name)) {
      const others = known.length === 0 ? 'this route takes none' : `this route takes ${known.join(', ')}`
      throw new HttpError('INVALID_QUERY', `There is no query parameter ${JSON.stringify(name.slice(0, 100))}: ${others}.`)
    }
    if (!query.add(name, value)) throw new HttpError('INVALID_QUERY', `The query parameter ${name} is given twice.`)
  }
  return query
}

/** The index of the next `mark`; `end` if there is none before that. */
function indexBefore(mark: string, text: string, from: number, end: number): number {
  const at = text.indexOf(mark, from)
  return at === -1 || at > end ? end : at
}

function decoded(text: string): string {
  if (!ENCODED.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new HttpError('INVALID_QUERY', 'The query is not percent-encoded UTF-8.')
  }
}
