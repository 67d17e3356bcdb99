import { isFlagName } from '../../validate/flag-name.ts'
import { itemsOf, type OperatorKind, type Verdict } from './operator.ts'

/** Which segments a value names. */
export function segmentsIn(value: unknown): readonly string[] {
  return itemsOf(value, isFlagName) ?? []
}

/** In one of the segments. Where none has it and one of them is not there, nobody knows. */
export const inSegment: OperatorKind = {
  takesIgnoreCase: false,
  takesMissing: true,
  takesLists: true,
  problem: (value) => (itemsOf(value, isFlagName) === undefined ? 'the name of a segment, or a list of 1 to 1,000 of them' : undefined),
  compile(value) {
    const names = segmentsIn(value)
    return (attribute, target, view) => {
      let verdict: Verdict = false
      for (const name of names) {
        const has = view.segment(name)?.has(attribute, target, view)
        if (has === true) return true
        if (has === undefined) verdict = undefined
      }
      return verdict
    }
  },
}

/** Whether it is there at all. The only operator that is asked about what is missing. */
export const exists: OperatorKind = {
  takesIgnoreCase: false,
  takesMissing: true,
  takesLists: true,
  problem: (value) => (value === undefined ? undefined : 'no value'),
  compile: () => (attribute) => attribute !== undefined,
}
