/**
 * How many characters a pattern has when its counted repetitions are written out: `(ab){100}` has about 200. It parses just enough of the
 * syntax to know what a count repeats.
 */
export function writtenOut(pattern: string): number {
  /** What each open group has so far; the first is the whole. */
  const groups = [0]
  /** The size of what a count here would repeat. */
  let last = 0
  const add = (size: number): void => {
    groups.push((groups.pop() ?? 0) + size)
  }
  for (let at = 0; at < pattern.length; ) {
    const end = tokenEnd(pattern, at)
    const token = pattern.slice(at, end)
    at = end
    const times = timesOf(token)
    if (times !== undefined) {
      add(last * (times - 1))
      last *= times
    } else if (token === '(') {
      groups.push(token.length)
    } else {
      last = token === ')' && groups.length > 1 ? (groups.pop() ?? 0) : token.length
      add(last)
    }
  }
  return groups.reduce((sum, size) => sum + size, 0)
}

/** How often a count such as `{3}`, `{3,}` or `{3,9}` repeats; at least once. `undefined` where the token is no count. */
function timesOf(token: string): number | undefined {
  const count = /^\{(\d+)(?:,(\d*))?\}$/.exec(token)
  if (count === null) return undefined
  const [, least, most] = count
  return Math.max(Number(least) + (most === '' ? 1 : 0), Number(most ?? 0), 1)
}

/** Where the token that starts here ends: a quotation, an escape, a set, a count, or one character. */
function tokenEnd(pattern: string, start: number): number {
  switch (pattern[start]) {
    case '\\':
      return escapeEnd(pattern, start)
    case '[':
      return setEnd(pattern, start)
    case '{': {
      const count = /^\{\d+(,\d*)?\}/.exec(pattern.slice(start, start + 24))
      return start + (count?.[0].length ?? 1)
    }
    default:
      return start + 1
  }
}

function escapeEnd(pattern: string, start: number): number {
  const letter = pattern[start + 1] ?? ''
  if (letter === 'Q') return endAfter(pattern, '\\E', start + 2)
  const isBraced = 'pPx'.includes(letter) && pattern[start + 2] === '{'
  return isBraced ? endAfter(pattern, '}', start + 3) : start + 2
}

function setEnd(pattern: string, start: number): number {
  let at = start + (pattern[start + 1] === '^' ? 2 : 1)
  // A bracket that comes first is a member.
  if (pattern[at] === ']') at++
  while (at < pattern.length && pattern[at] !== ']') {
    if (pattern[at] === '\\') at = escapeEnd(pattern, at)
    else at = pattern.startsWith('[:', at) ? endAfter(pattern, ':]', at + 2) : at + 1
  }
  return at + 1
}

function endAfter(pattern: string, mark: string, from: number): number {
  const found = pattern.indexOf(mark, from)
  return found === -1 ? pattern.length : found + mark.length
}
