import { expect } from 'vitest'
import type { Step } from '../step.ts'
import { evaluate, parseType, parseValue } from '../typed-value.ts'

/** Parses values in a list: `"text", "true" and 100`. */
function listed(text: string): readonly unknown[] {
  return [...text.matchAll(/"([^"]*)"|\d+/g)].map(([whole, quoted]) => {
    const value = quoted ?? whole
    return quoted === undefined || /^(true|false)$/.test(value) ? (JSON.parse(value) as unknown) : value
  })
}

/** Steps that only `evaluation.feature` uses, which its authors call deprecated. */
export const deprecatedSteps: readonly Step[] = [
  {
    pattern: /^an? (boolean|string|integer|float) flag with key "([^"]*)" is evaluated with (?:details and )?default value "?([^"]*)"?$/,
    run(scenario, [type = '', name = '', fallback = '']) {
      scenario.call = { type: parseType(type), name, fallback: parseValue(parseType(type), fallback) }
      return scenario.evaluate()
    },
  },
  {
    pattern: /^an object flag with key "([^"]*)" is evaluated with (?:details and )?a null default value$/,
    run(scenario, [name = '']) {
      scenario.call = { type: 'object', name, fallback: null }
      return scenario.evaluate()
    },
  },
  {
    pattern:
      /^a (?:non-existent )?string flag with key "([^"]*)" is evaluated (?:as an (integer), )?with details and a fallback value "?([^"]*)"?$/,
    run(scenario, [name = '', type, fallback = '']) {
      scenario.call = { type: parseType(type ?? 'string'), name, fallback: parseValue(parseType(type ?? 'string'), fallback) }
      return scenario.evaluate()
    },
  },
  {
    pattern: /^the resolved (boolean|string|integer|float) value should be "?([^"]*)"?$/,
    run: ({ details }, [type = '', value = '']) => expect(details.value).toBe(parseValue(parseType(type), value)),
  },
  {
    pattern: /^the resolved (\w+) details value should be "?([^"]*)"?, the variant should be "(\w+)", and the reason should be "(\w+)"$/,
    run: ({ details }, [type = '', value = '', variant, reason]) =>
      expect(details).toMatchObject({ value: parseValue(parseType(type), value), variant, reason }),
  },
  {
    pattern: /^the resolved object (?:details )?value should be contain fields (.*), with values (.*), respectively$/,
    run: ({ details }, [fields = '', values = '']) => {
      const wanted = listed(values)
      expect(details.value).toEqual(Object.fromEntries(listed(fields).map((field, index) => [field, wanted[index]])))
    },
  },
  {
    pattern: /^the variant should be "(\w+)", and the reason should be "(\w+)"$/,
    run: ({ details }, [variant, reason]) => expect(details).toMatchObject({ variant, reason }),
  },
  {
    pattern: /^context contains keys (.*) with values (.*)$/,
    run(scenario, [keys = '', values = '']) {
      const found = listed(values)
      scenario.context = Object.fromEntries(listed(keys).map((key, index) => [key, found[index]])) as typeof scenario.context
    },
  },
  {
    pattern: /^a flag with key "([^"]*)" is evaluated with default value "([^"]*)"$/,
    run(scenario, [name = '', fallback = '']) {
      scenario.call = { type: 'string', name, fallback }
      return scenario.evaluate()
    },
  },
  { pattern: /^the resolved string response should be "([^"]*)"$/, run: ({ details }, [value]) => expect(details.value).toBe(value) },
  {
    pattern: /^the resolved flag value is "([^"]*)" when the context is empty$/,
    async run({ client, requiredCall }, [value]) {
      expect((await evaluate(client, requiredCall.type, requiredCall.name, 'neither')).value).toBe(value)
    },
  },
  {
    pattern: /^the default (?:string|integer) value should be returned$/,
    run: ({ details, requiredCall }) => expect(details.value).toBe(requiredCall.fallback),
  },
  {
    pattern: /^the reason should indicate an error and the error code should indicate a (?:missing flag|type mismatch) with "(\w+)"$/,
    run: ({ details }, [errorCode]) => expect(details).toMatchObject({ reason: 'ERROR', errorCode }),
  },
]
