import type { Step } from '../step.ts'
import { parseType, parseValue } from '../typed-value.ts'

export const evaluationSteps: readonly Step[] = [
  {
    pattern: /^an? (\w+)-flag with key "([^"]*)" and a fallback value "(.*)"$/,
    run(scenario, [type = '', name = '', fallback = '']) {
      scenario.call = { type: parseType(type), name, fallback: parseValue(parseType(type), fallback) }
    },
  },
  { pattern: /^the flag was evaluated with details$/, run: (scenario) => scenario.evaluate() },
  {
    pattern: /^the flag was evaluated with details asynchronously$/,
    async run(scenario) {
      const asking = scenario.evaluate().then(() => scenario.notes.push('answered'))
      scenario.notes.push('went on')
      await asking
    },
  },
]
