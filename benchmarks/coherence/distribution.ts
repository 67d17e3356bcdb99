/** The `q` quantile of the samples, from 0 to 1. It is always one of the samples, without interpolation. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
  if (found === undefined) throw new Error('There are no samples.')
  return found
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** Formats milliseconds with three significant digits. */
export function formatMs(value: number): string {
  const size = Math.abs(value)
  if (size >= 1_000) return `${(value / 1_000).toPrecision(3)} s`
  if (size < 0.1) return `${(value * 1_000).toFixed(0)} µs`
  return `${value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)} ms`
}

/** Describes a distribution of milliseconds in one line. */
export function describeDistribution(samples: readonly number[]): string {
  const at = (q: number): string => formatMs(quantile(samples, q))
  return `min ${at(0)}  p50 ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}  max ${at(1)}  (${samples.length})`
}
