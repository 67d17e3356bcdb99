import type { NewSegment } from '../../../src/adapter.ts'
import { type Alternatives, EVERYBODY, NOBODY } from './condition-alternatives.ts'
import { constrained } from './constraints.ts'
import type { UnleashState } from './unleash-state.ts'

/** All conditions of a Flagstone segment must be met, so a segment of Unleash becomes one for each of its alternatives. */
export function segmentsOf({ segments = [] }: UnleashState): readonly NewSegment[] {
  return segments.flatMap(({ id, constraints }) =>
    constrained(constraints).map((when, alternative): NewSegment => ({ name: nameOf(id, alternative), when })),
  )
}

/** Met by those who are in the segment with this id. */
export function inSegment(id: number, { segments = [] }: UnleashState): Alternatives {
  const segment = segments.find((each) => each.id === id)
  // Looked up all the same: the evaluator must decide what a missing segment means.
  if (segment === undefined) return inOneOf([nameOf(id, 0)])
  const alternatives = constrained(segment.constraints)
  if (alternatives.length === 0) return NOBODY
  // Nobody is in a Flagstone segment without conditions.
  if (alternatives.some((conditions) => conditions.length === 0)) return EVERYBODY
  return inOneOf(alternatives.map((_, alternative) => nameOf(id, alternative)))
}

function inOneOf(value: readonly string[]): Alternatives {
  return [[{ attribute: 'targetingKey', operator: 'inSegment', value }]]
}

function nameOf(id: number, alternative: number): string {
  return `segment-${id}-${alternative + 1}`
}
