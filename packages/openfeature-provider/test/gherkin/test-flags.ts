import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonValue, NewFlag } from '@flagstone/core'
import type { FlagMetadata } from '@openfeature/server-sdk'
import { SPECIFICATION_FOLDER } from './cases.ts'
import { rulesFromExpression } from './expression.ts'

/** A flag in the specification's `test-flags.json`. */
interface TestFlag {
  readonly variants: Readonly<Record<string, JsonValue>>
  readonly defaultVariant?: string | null
  readonly disabled?: boolean
  readonly contextEvaluator?: string
  readonly flagMetadata?: FlagMetadata | null
}

/** The deprecated `evaluation.feature` needs this flag, which the file no longer has. It is made from that scenario's description. */
const CONTEXT_AWARE: NewFlag = {
  name: 'context-aware',
  rollout: 100,
  variants: [
    { name: 'internal', value: 'INTERNAL', weight: 0 },
    { name: 'external', value: 'EXTERNAL', weight: 1 },
  ],
  rules: [
    {
      when: [
        { attribute: 'fn', operator: 'equals', value: 'Sulisław' },
        { attribute: 'ln', operator: 'equals', value: 'Świętopełk' },
        { attribute: 'age', operator: 'equals', value: 29 },
        { attribute: 'customer', operator: 'equals', value: false },
      ],
      variant: 'internal',
    },
  ],
}

function testFlags(): ReadonlyMap<string, TestFlag> {
  return new Map(
    Object.entries(JSON.parse(readFileSync(join(SPECIFICATION_FOLDER, 'test-flags.json'), 'utf8')) as Record<string, TestFlag>),
  )
}

/** The specification's flags as flags of Flagstone. */
export function newFlags(): readonly NewFlag[] {
  return [...[...testFlags()].map(([name, flag]) => newFlag(name, flag)), CONTEXT_AWARE]
}

/** The flag metadata in the file. Flagstone's records have no such field, so the option `flagMetadata` adds it. */
export function metadataByName(): ReadonlyMap<string, FlagMetadata> {
  return new Map([...testFlags()].map(([name, { flagMetadata }]) => [name, flagMetadata ?? {}]))
}

/** The default variant has all the weight; a flag without one lets nobody in. */
function newFlag(name: string, { variants, defaultVariant, disabled = false, contextEvaluator }: TestFlag): NewFlag {
  return {
    name,
    enabled: !disabled,
    rollout: typeof defaultVariant === 'string' ? 100 : 0,
    variants: Object.entries(variants).map(([variant, value]) => ({ name: variant, value, weight: variant === defaultVariant ? 1 : 0 })),
    ...(contextEvaluator === undefined ? {} : { rules: rulesFromExpression(contextEvaluator) }),
  }
}
