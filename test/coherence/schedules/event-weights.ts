import type { Scheduler } from './scheduler.ts'

/** The relative frequency of each event. Each schedule draws its own weights, so that rare events coincide in some schedules. */
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

/** Only every other schedule takes snapshots, because a snapshot loads everything and brings a process up to date. */
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
  // Drawn last, so that schedules without snapshots stay the same as before snapshots existed.
  return { ...weights, snapshot: seed % 2 === 0 ? 20 * random() ** 2 : 0 }
}

/** Draws an event by its weight. */
export function drawEvent(weights: EventWeights, random: () => number): keyof EventWeights {
  const entries = Object.entries(weights) as [keyof EventWeights, number][]
  let dice = random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [what, weight] of entries) {
    dice -= weight
    if (dice < 0) return what
  }
  return 'pass'
}
