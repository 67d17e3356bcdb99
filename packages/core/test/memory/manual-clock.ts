import type { Clock } from '../../src/contracts/index.ts'

/** A clock that stands still until it is advanced. */
export interface ManualClock extends Clock {
  advance(ms: number): void
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let passed = 0
  return {
    now: () => start + passed,
    monotonic: () => passed,
    after: () => () => {},
    advance: (ms) => {
      passed += ms
    },
  }
}
