import { Refusal } from './problems.ts'

const ENCODED = /[%+]/
/** Up to the largest safe integer; larger ones are refused by whoever takes the number. */
const WHOLE = /^\d{1,16}$/

/** The query of a request: parameters that the route knows, each at most once. */
export class Query {
  readonly #given: ReadonlyMap<string, string>

  constructor(given: ReadonlyMap<string, string>) {
    this.#given = given
  }

  text(name: string): string | undefined {
    return this.#given.get(name)
  }

  whole(name: string): number | undefined {
    const text = this.#given.get(name)
    if (text === undefined) return undefined
    if (!WHOLE.test(text) || !Number.isSafeInteger(Number(text))) {
      throw new Refusal('INVALID_QUERY', `The query parameter ${name} must be a whole number, 0 or more.`)
    }
    return Number(text)
  }
}

const NONE = new Query(new Map())

/**
 * Throws `INVALID_QUERY` for a parameter that the route does not know (a misspelt `user_id` would be an answer for nobody), for one that is
 * given twice, and for broken percent-encoding.
 */
export function queryOf(url: string, known: readonly string[]): Query {
  const start = url.indexOf('?')
  if (start === -1) return NONE
  const [search = ''] = url.slice(start + 1).split('#', 1)
  const given = new Map<string, string>()
  for (const pair of search.split('&')) {
    if (pair === '') continue
    const [name, value] = halves(pair).map(decoded) as [string, string]
    if (!known.includes(name)) {
      const others = known.length === 0 ? 'there are none here' : `there is ${known.join(', ')}`
      throw new Refusal('INVALID_QUERY', `There is no query parameter ${JSON.stringify(name.slice(0, 100))}: ${others}.`)
    }
    if (given.has(name)) throw new Refusal('INVALID_QUERY', `The query parameter ${name} is given twice.`)
    given.set(name, value)
  }
  return new Query(given)
}

function halves(pair: string): readonly [string, string] {
  const at = pair.indexOf('=')
  return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

function decoded(text: string): string {
  if (!ENCODED.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new Refusal('INVALID_QUERY', 'The query is not percent-encoded UTF-8.')
  }
}
