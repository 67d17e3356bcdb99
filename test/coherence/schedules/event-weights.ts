import type { Scheduler } from './scheduler.ts'

/** How often each thing happens. Each schedule has weights of its own, so that rare things meet in some of them. */
export interface EventWeights {
  readonly pass: number
  readonly ask: number
  readonly write: number
  readonly edit: number
  readonly evict: number
  readonly time: number
  readonly crash: number
  readonly snapshot: number
}

/** Snapshots are taken in every other schedule: taking one loads everything, and brings a process up to date. */
export function drawEventWeights({ random }: Scheduler, seed: number): EventWeights {
  const weights = {
    pass: 20 + 40 * random(),
    ask: 10 + 20 * random(),
    write: 2 + 12 * random(),
    edit: 8 * random() ** 2,
    evict: 14 * random() ** 2,
    time: 10 * random(),
    crash: 3 * random() ** 2,
  }
  // Those without are as they were before there were any.
  return { ...weights, snapshot: seed % 2 === 0 ? 20 * random() ** 2 : 0 }
}

/** One of these, as often as its weight says. */
export function drawEvent(weights: EventWeights, random: () => number): keyof EventWeights {
  const entries = Object.entries(weights) as [keyof EventWeights, number][]
  let dice = random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [what, weight] of entries) {
    dice -= weight
    if (dice < 0) return what
  }
  return 'pass'
}
