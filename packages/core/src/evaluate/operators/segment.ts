import { segmentNamesIn } from '../../validate/operator-values.ts'
import type { Verdict } from '../evaluation-view.ts'
import type { OperatorKind } from './operator.ts'

/** Whether one of the segments has the attribute. Where none has it and one of them is missing, the verdict is unknown. */
export const inSegment: OperatorKind = {
  takesMissing: true,
  takesLists: true,
  compile(value) {
    const names = segmentNamesIn(value)
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
