import { type AttributePath, attributeAt, attributePath } from './attribute-path.ts'
import type { EvaluationView } from './evaluation-view.ts'
import type { Target } from './target.ts'

/** The attributes that the conditions of one flag or segment ask about: each has a slot, however many ask. */
export interface AttributeSlots {
  readonly paths: readonly AttributePath[]
  /** As many `undefined` as there are paths. */
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

/** A target as one evaluation sees it: each attribute is read once, when it is first asked for. */
export class AttributeReader {
  readonly target: Target
  readonly view: EvaluationView
  readonly #paths: readonly AttributePath[]
  /** `null` where it is missing, `undefined` where it was not asked for yet. */
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
      // A getter or a proxy of the caller's.
    }
    this.#values[slot] = value
    return value
  }
}
