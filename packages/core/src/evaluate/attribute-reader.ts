import { type AttributePath, attributeAt, attributePath } from './attribute-path.ts'
import type { EvaluationView } from './evaluation-view.ts'
import type { Target } from './target.ts'

/** The attributes that the conditions of one flag or segment read: each has one slot, however many conditions read it. */
export interface AttributeSlots {
  readonly paths: readonly AttributePath[]
  /** The initial values: one `undefined` for each path. */
  readonly blank: readonly undefined[]
  slotOf(attribute: string): number
}

export function attributeSlots(): AttributeSlots {
  const paths: AttributePath[] = []
  const blank: undefined[] = []
  const slots = new Map<string, number>()
  return {
    paths,
    blank,
    slotOf(attribute) {
      const known = slots.get(attribute)
      if (known !== undefined) return known
      slots.set(attribute, paths.length)
      blank.push(undefined)
      return paths.push(attributePath(attribute)) - 1
    },
  }
}

/** Reads a target's attributes during one evaluation: each is read once, when a condition first needs it. */
export class AttributeReader {
  readonly target: Target
  readonly view: EvaluationView
  readonly #paths: readonly AttributePath[]
  /** By slot; `null` where it is missing, `undefined` where it was not read yet. */
  readonly #values: unknown[]

  constructor(target: Target, view: EvaluationView, { paths, blank }: AttributeSlots) {
    this.target = target
    this.view = view
    this.#paths = paths
    this.#values = blank.slice()
  }

  /** The attribute; `null` where it is missing or cannot be read. */
  at(slot: number): unknown {
    const value = this.#values[slot]
    return value === undefined ? this.#read(slot) : value
  }

  #read(slot: number): unknown {
    const path = this.#paths[slot]
    let value: unknown = null
    try {
      if (path !== undefined) value = attributeAt(path, this.target) ?? null
    } catch {
      // A getter or a proxy of the caller's threw.
    }
    this.#values[slot] = value
    return value
  }
}
