import { randomFrom } from '../seeded-random.ts'

interface Point {
  readonly owner: string
  readonly label: string
  readonly pass: () => void
}

/** Decides which of the pending calls continues next. Every order is possible, and a seed repeats its order. */
export class Scheduler {
  readonly random: () => number
  /** If set, no call fails and no hint is lost. */
  calm = false
  /** The events so far, to understand a failure. */
  readonly trace: string[] = []
  readonly #waiting: Point[] = []
  readonly #gone = new Set<string>()

  constructor(seed: number) {
    this.random = randomFrom(seed)
  }

  /** Waits until the scheduler lets this point continue; for ever if its owner has crashed. */
  point(owner: string, label: string): Promise<void> {
    if (this.#gone.has(owner)) return new Promise(() => undefined)
    return new Promise((pass) => this.#waiting.push({ owner, label, pass }))
  }

  get waiting(): number {
    return this.#waiting.length
  }

  waits(owner: string, label: string): boolean {
    return this.#waiting.some((point) => point.owner === owner && point.label === label)
  }

  /** Lets a random pending call continue. */
  passOne(): void {
    const [point] = this.#waiting.splice(Math.floor(this.random() * this.#waiting.length), 1)
    if (point === undefined) return
    this.trace.push(`${point.owner}: ${point.label}`)
    point.pass()
  }

  /** The owner's pending calls never continue. */
  crash(owner: string): void {
    this.trace.push(`${owner} crashes`)
    this.#gone.add(owner)
    for (let at = this.#waiting.length - 1; at >= 0; at--) if (this.#waiting[at]?.owner === owner) this.#waiting.splice(at, 1)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** Whether a fault with this probability happens here. */
  fails(probability: number): boolean {
    return !this.calm && this.chance(probability)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T
  }
}
