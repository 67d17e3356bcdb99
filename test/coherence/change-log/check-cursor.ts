import type { Changes } from '@flagstone/core/adapter'

/** A row of the change log. The token is the flag's description, which the writer set; for a delete, the last one. */
export interface LogRow {
  readonly version: number
  readonly flag: string
  readonly operation: string
  readonly token: string | null
}

/** The answer of one call of `changesSince`. */
export interface Poll {
  readonly from: number
  readonly to: number
  readonly changed: (Changes & { kind: 'changes' })['changed']
}

/** One line for each change, such as `update shared-1 w3r5`. Writers return the same lines for what they committed. */
export function linesOf(log: readonly LogRow[]): string[] {
  return log.map(({ operation, flag, token }) => `${operation} ${flag} ${token}`)
}

/** The lines of `there` that `here` lacks, or contains less often. */
export function missingFrom(here: readonly string[], there: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const line of here) left.set(line, (left.get(line) ?? 0) + 1)
  return there.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

/**
 * Each poll must return the newest change of every flag between its two cursors, with the record of that change. A change that a
 * poll misses is lost, because the next poll starts after it.
 */
export function checkCursor(log: readonly LogRow[], polls: readonly Poll[]): string[] {
  return polls.flatMap(({ from, to, changed }) => {
    const newest = new Map<string, LogRow>()
    for (const row of log) if (row.version > from && row.version <= to) newest.set(row.flag, row)
    const expected = [...newest.values()].map((row) => told(row.flag, row.version, row.operation === 'delete' ? 'gone' : row.token))
    const answered = changed.map(({ name, version, flag }) => told(name, version, content(flag)))
    return [
      ...missingFrom(answered, expected).map((line) => `not told: ${line}`),
      ...missingFrom(expected, answered).map((line) => `told wrongly: ${line}`),
    ]
  })
}

function told(flag: string, version: number, content: string | null): string {
  return `${flag} at ${version}: ${content}`
}

function content(flag: Poll['changed'][number]['flag']): string | null {
  if (flag === null) return 'gone'
  return flag instanceof Error ? flag.message : (flag.description ?? null)
}
