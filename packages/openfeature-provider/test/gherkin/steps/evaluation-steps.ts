import type { Step } from '../step.ts'
import { parsed, typeOf } from '../typed-value.ts'

export const questions: readonly Step[] = [
  {
    pattern: /^an? (\w+)-flag with key "([^"]*)" and a fallback value "(.*)"$/,
    run(scenario, [type = '', name = '', fallback = '']) {
      scenario.question = { type: typeOf(type), name, fallback: parsed(typeOf(type), fallback) }
    },
  },
  { pattern: /^the flag was evaluated with details$/, run: (scenario) => scenario.ask() },
  {
    pattern: /^the flag was evaluated with details asynchronously$/,
    async run(scenario) {
      const asking = scenario.ask().then(() => scenario.notes.push('answered'))
      scenario.notes.push('went on')
      await asking
    },
  },
]
