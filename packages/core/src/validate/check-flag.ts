import type { ChangeMeta, Decision, FlagPatch, FlagRecord, HistoryPage, NewFlag } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { check, checkName, nameIn } from './check-input.ts'
import { checkPatterns } from './check-patterns.ts'
import { decisionSchema, metaSchema, newFlagSchema, pageSchema, patchSchema, READER_SCHEMA, recordSchema } from './flag-schemas.ts'
import type { OperatorLibraries } from './operator-libraries.ts'
import { titleOf } from './record-key.ts'

/** With the library for regular expressions, patterns are compiled too; without it, only their size is checked. */
export function checkNewFlag(input: unknown, libraries: OperatorLibraries = {}): NewFlag {
  const name = checkName(nameIn(input))
  const what = `Flag ${name} cannot be created`
  const flag = check(newFlagSchema, input, 'INVALID_FLAG', what, name)
  checkPatterns(flag, libraries, what, name)
  return flag
}

/** As `checkNewFlag`. What must hold between fields is checked by `parseRecord` on the patched record. */
export function checkPatch(name: string, input: unknown, libraries: OperatorLibraries = {}): FlagPatch {
  const what = `Flag ${name} cannot be patched`
  const patch = check(patchSchema, input, 'INVALID_FLAG', what, name)
  checkPatterns(patch, libraries, what, name)
  return patch
}

/** `key`: of the flag or segment that is changed. */
export function checkMeta(key: string, input: unknown): ChangeMeta {
  return check(metaSchema, input ?? {}, 'INVALID_FLAG', `${titleOf(key)}: the change is described wrongly`, key)
}

export function checkPage(key: string, input: unknown): HistoryPage {
  return check(pageSchema, input ?? {}, 'INVALID_OPTIONS', `${titleOf(key)}: this page of its history cannot be read`, key)
}

/**
 * A record as it came from a store or a cache: the record itself without unknown fields, or the error that says why it cannot be used
 * (`RECORD_TOO_NEW`, `PARSE_ERROR`). Never throws. `name` is the flag that was asked for; a record of another name is refused.
 */
export function parseRecord(name: string, input: unknown): FlagRecord | FlagsError {
  const schema = input !== null && typeof input === 'object' && 'schema' in input ? input.schema : undefined
  if (typeof schema === 'number' && schema > READER_SCHEMA) {
    return new FlagsError(
      'RECORD_TOO_NEW',
      `Flag ${name} was written for schema ${schema}; this build reads up to ${READER_SCHEMA}. Upgrade @flagstone/core.`,
      { flag: name },
    )
  }
  try {
    const record = check(recordSchema, input, 'PARSE_ERROR', `Flag ${name} is stored wrongly`, name)
    if (record.name !== name)
      throw new FlagsError('PARSE_ERROR', `Under flag ${name} the record of ${record.name} is stored.`, { flag: name })
    return record
  } catch (error) {
    return error as FlagsError
  }
}

/** A decision as it came from a cache, or the error that says why it cannot be used. Never throws. */
export function parseDecision(name: string, targetingKey: string, input: unknown): Decision | FlagsError {
  try {
    const decision = check(decisionSchema, input, 'PARSE_ERROR', `A decision of flag ${name} is stored wrongly`, name)
    if (decision.name !== name || decision.targetingKey !== targetingKey) {
      throw new FlagsError('PARSE_ERROR', `Under flag ${name} another decision is stored.`, { flag: name })
    }
    return decision
  } catch (error) {
    return error as FlagsError
  }
}
