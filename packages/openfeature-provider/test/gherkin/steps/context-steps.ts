import { expect } from 'vitest'
import type { Step } from '../step.ts'
import { parseType, parseValue } from '../typed-value.ts'

const MODIFIABLE = { targetingKey: 'ada', company: { plan: 'pro', offices: ['Vienna'] } }

export const contextSteps: readonly Step[] = [
  {
    pattern: /^a context containing a key "(\w+)", with type "(\w+)" and with value "(.*)"$/,
    run({ context }, [key = '', type = '', value = '']) {
      context[key] = parseValue(parseType(type), value)
    },
  },
  {
    pattern: /^a context containing a key "(\w+)" with null value$/,
    run({ context }, [key = '']) {
      context[key] = null
    },
  },
  {
    pattern: /^an evaluation context with modifiable data$/,
    run(scenario) {
      scenario.context = structuredClone(MODIFIABLE)
    },
  },
  {
    pattern: /^the original evaluation context should remain unmodified$/,
    run({ context }) {
      expect(context).toEqual(MODIFIABLE)
      expect([Object.isFrozen(context), Object.isFrozen(context['company'])]).toEqual([false, false])
    },
  },
]
