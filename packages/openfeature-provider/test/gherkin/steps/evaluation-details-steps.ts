import { expect } from 'vitest'
import type { Step } from '../step.ts'
import { parseValue } from '../typed-value.ts'

export const evaluationDetailsSteps: readonly Step[] = [
  {
    pattern: /^the resolved details value should be "(.*)"$/,
    run: ({ details, requiredCall }, [value = '']) => expect(details.value).toEqual(parseValue(requiredCall.type, value)),
  },
  { pattern: /^the reason should be "(\w+)"$/, run: ({ details }, [reason]) => expect(details.reason).toBe(reason) },
  { pattern: /^the error-code should be "(\w+)"$/, run: ({ details }, [code]) => expect(details.errorCode).toBe(code) },
  { pattern: /^the flag key should be "([^"]*)"$/, run: ({ details }, [name]) => expect(details.flagKey).toBe(name) },
  { pattern: /^the variant should be "([^"]*)"$/, run: ({ details }, [variant]) => expect(details.variant).toBe(variant) },
  {
    pattern: /^the evaluation should complete without blocking$/,
    run: ({ notes }) => expect(notes).toEqual(['went on', 'answered']),
  },
  {
    pattern: /^the evaluation details should be immutable$/,
    run: ({ details }) => {
      expect(Object.isFrozen(details.flagMetadata)).toBe(true)
      expect(() => Object.assign(details.flagMetadata, { added: true })).toThrow(TypeError)
    },
  },
]
