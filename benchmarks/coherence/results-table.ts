import { formatMs, quantile } from './distribution.ts'

/** One row of the final table. */
export interface Result {
  readonly what: string
  readonly p50?: string
  readonly p99?: string
  /** The baseline, and its values. */
  readonly beside?: string
  readonly compareSamples?: string
  readonly target?: string
  readonly met?: boolean
}

/** Samples in milliseconds, and what they measure. */
export interface Samples {
  readonly what: string
  readonly ms: readonly number[]
}

/** Compares two distributions of the same run. The target is the highest allowed ratio, at the p99 or at both. */
export function ratio(own: Samples, beside: Samples, target?: { readonly times: number; readonly at: 'p99' | 'both' }): Result {
  const [half, most] = [0.5, 0.99].map((q) => quantile(own.ms, q) / quantile(beside.ms, q)) as [number, number]
  return {
    what: own.what,
    ...quantiles(own),
    beside: `${beside.what} ${quantiles(beside).p50} / ${quantiles(beside).p99}`,
    compareSamples: `${half.toFixed(2)} / ${most.toFixed(2)}`,
    ...(target && {
      target: `${target.at === 'p99' ? 'p99' : 'both'} ≤ ${target.times} ×`,
      met: most <= target.times && (target.at === 'p99' || half <= target.times),
    }),
  }
}

/** Summarizes one distribution. With a limit, no sample should be above it. */
export function summarizeSamples(own: Samples, limitMs?: number): Result {
  const target = limitMs === undefined ? {} : { target: `all ≤ ${formatMs(limitMs)}`, met: Math.max(...own.ms) <= limitMs }
  return { what: own.what, ...quantiles(own), ...target }
}

function quantiles(samples: Samples): { readonly p50: string; readonly p99: string } {
  return { p50: formatMs(quantile(samples.ms, 0.5)), p99: formatMs(quantile(samples.ms, 0.99)) }
}

const HEAD = ['figure', 'p50', 'p99', 'beside (p50 / p99)', '× (p50 / p99)', 'target', '']

export function resultsTable(results: readonly Result[]): string {
  const rows = results.map(({ what, p50, p99, beside, compareSamples: times, target, met }) =>
    [what, p50, p99, beside, times, target, met === undefined ? undefined : met ? 'met' : 'MISSED'].map((cell) => cell ?? ''),
  )
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...rows].map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
