import type { EvaluationDetails, FlagValue, Hook } from '@openfeature/server-sdk'
import { expect } from 'vitest'
import type { Scenario } from '../scenario.ts'
import type { Step } from '../step.ts'
import { parseType, parseValue } from '../typed-value.ts'

const STAGES = ['before', 'after', 'error', 'finally'] as const
const FIELDS: Readonly<Record<string, keyof EvaluationDetails<FlagValue>>> = {
  flag_key: 'flagKey',
  value: 'value',
  variant: 'variant',
  reason: 'reason',
  error_code: 'errorCode',
}

/** The arguments of each hook stage, by scenario. */
const seen = new WeakMap<Scenario, Map<string, unknown>>()

function stagesOf(scenario: Scenario): Map<string, unknown> {
  const stages = seen.get(scenario) ?? new Map<string, unknown>()
  seen.set(scenario, stages)
  return stages
}

function noting(scenario: Scenario, name: string): Hook {
  const note = (stage: string) => (_: unknown, said: unknown) => {
    stagesOf(scenario).set(stage, said)
    scenario.notes.push(`${stage} ${name}`)
  }
  return Object.fromEntries(STAGES.map((stage) => [stage, note(stage)]))
}

export const hookSteps: readonly Step[] = [
  { pattern: /^a client with added hook$/, run: (scenario) => scenario.client.addHooks(noting(scenario, 'first')) },
  {
    pattern: /^the "(\w+)" hook should have been executed$/,
    run: (scenario, [stage = '']) => expect([...stagesOf(scenario).keys()]).toContain(stage),
  },
  {
    pattern: /^the "([\w, ]+)" hooks should be called with evaluation details$/,
    run(scenario, [stages = ''], [, ...rows]) {
      for (const stage of stages.split(', ')) {
        const details = stagesOf(scenario).get(stage) as EvaluationDetails<FlagValue>
        for (const [type = '', key = '', value = ''] of rows) {
          const wanted = value === 'null' ? undefined : parseValue(parseType(type), value)
          expect([stage, key, details[FIELDS[key] ?? 'flagKey']]).toEqual([stage, key, wanted])
        }
      }
    },
  },
  {
    pattern: /^evaluation options containing specific hooks$/,
    run(scenario) {
      scenario.hooks = [noting(scenario, 'first'), noting(scenario, 'second')]
    },
  },
  { pattern: /^the flag was evaluated with details using the evaluation options$/, run: (scenario) => scenario.evaluate() },
  {
    pattern: /^the specified hooks should execute during evaluation$/,
    run: (scenario) => expect([...stagesOf(scenario).keys()]).toEqual(['before', 'after', 'finally']),
  },
  {
    pattern: /^the hook order should be maintained$/,
    run: ({ notes }) =>
      expect(notes).toEqual(['before first', 'before second', 'after second', 'after first', 'finally second', 'finally first']),
  },
]
