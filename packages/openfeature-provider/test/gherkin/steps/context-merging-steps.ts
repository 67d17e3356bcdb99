import { OpenFeature } from '@openfeature/server-sdk'
import { expect } from 'vitest'
import type { Scenario } from '../scenario.ts'
import type { Step } from '../step.ts'

type Level = (scenario: Scenario, entry: Readonly<Record<string, string>>) => void

const LEVELS: Readonly<Record<string, Level>> = {
  API: (_, entry) => OpenFeature.setContext({ ...OpenFeature.getContext(), ...entry }),
  Transaction: (scenario, entry) => Object.assign(scenario.transaction, entry),
  Client: ({ client }, entry) => client.setContext({ ...client.getContext(), ...entry }),
  Invocation: ({ context }, entry) => Object.assign(context, entry),
  'Before Hooks': ({ client }, entry) => client.addHooks({ before: () => entry }),
}

function add(scenario: Scenario, level: string, key: string, value: string): void {
  const into = LEVELS[level]
  if (into === undefined) throw new Error(`There is no level ${level}.`)
  into(scenario, { [key]: value })
}

export const contextMergingSteps: readonly Step[] = [
  {
    pattern: /^A context entry with key "([^"]*)" and value "([^"]*)" is added to the "([^"]*)" level$/,
    run: (scenario, [key = '', value = '', level = '']) => add(scenario, level, key, value),
  },
  {
    pattern: /^A table with levels of increasing precedence$/,
    run(scenario, _, table) {
      scenario.levels = table.map(([level = '']) => level)
    },
  },
  {
    // Each level sets its own name, so that the result shows which level won.
    pattern: /^Context entries for each level from API level down to the "([^"]*)" level, with key "([^"]*)" and value "([^"]*)"$/,
    run(scenario, [last = '', key = '']) {
      for (const level of scenario.levels.slice(0, scenario.levels.indexOf(last) + 1)) add(scenario, level, key, level)
    },
  },
  {
    pattern: /^Some flag was evaluated$/,
    run(scenario) {
      scenario.call = { type: 'boolean', name: 'boolean-flag', fallback: false }
      return scenario.evaluate()
    },
  },
  {
    pattern: /^The merged context contains an entry with key "([^"]*)" and value "([^"]*)"$/,
    run: ({ lastContext }, [key = '', value]) => expect(lastContext).toHaveProperty([key], value),
  },
]
