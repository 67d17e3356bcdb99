import type { NewFlag } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { valueText } from '../errors/value-text.ts'
import { checkNewFlag } from '../validate/check-flag.ts'
import { LIBRARIES } from './regexp-library.ts'

/** A flag in a test: on or off, a value for everybody, or a flag in full. */
export type TestFlag = boolean | string | number | Omit<NewFlag, 'name'>

/** The flags as `admin.create` would take them. Throws `INVALID_NAME` or `INVALID_FLAG` where it would refuse one. */
export function newFlagsOf(flags: Readonly<Record<string, TestFlag>>): readonly NewFlag[] {
  return Object.entries(flags).map(([name, flag]) => checkNewFlag({ ...fieldsOf(name, flag), name }, LIBRARIES))
}

/** On and off hold for everybody; a value is a variant that everybody gets. */
function fieldsOf(name: string, flag: TestFlag): Omit<NewFlag, 'name'> {
  switch (typeof flag) {
    case 'boolean':
      return { enabled: flag, rollout: 100 }
    case 'string':
    case 'number':
      return { rollout: 100, variants: [{ name: 'value', value: flag, weight: 1 }] }
    default:
      if (typeof flag === 'object' && flag !== null && !Array.isArray(flag)) return flag
      throw new FlagsError('INVALID_FLAG', `Flag ${name} is true, false, a text, a number or a flag in full, not ${valueText(flag)}.`, {
        flag: name,
      })
  }
}
