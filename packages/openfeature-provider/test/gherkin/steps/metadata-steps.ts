import { expect } from 'vitest'
import type { Step } from '../step.ts'
import { parseType, parseValue } from '../typed-value.ts'

export const metadataSteps: readonly Step[] = [
  {
    pattern: /^the resolved metadata should contain$/,
    run({ details }, _, [, ...rows]) {
      const wanted = rows.map(([key = '', type = '', value = '']) => [key, parseValue(parseType(type), value)])
      expect(details.flagMetadata).toMatchObject(Object.fromEntries(wanted))
    },
  },
  { pattern: /^the resolved metadata is empty$/, run: ({ details }) => expect(details.flagMetadata).toEqual({}) },
]
