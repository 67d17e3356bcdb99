import * as v from 'valibot'
import type { ChangeMeta, Decision, FlagPatch, FlagRecord, HistoryPage, NewFlag } from '../contracts/index.ts'
import { FlagsError, type FlagsErrorCode } from '../errors.ts'
import {
  decisionSchema,
  isFlagName,
  metaSchema,
  newFlagSchema,
  pageSchema,
  patchSchema,
  READER_SCHEMA,
  recordSchema,
  type Schema,
} from './schemas.ts'

function explain(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)
  return `${path === null ? '' : `${path}: `}expected ${issue.message}, received ${issue.received}`
}

function check<T>(schema: Schema<T>, input: unknown, code: FlagsErrorCode, what: string, flag?: string): T {
  const result = v.safeParse(schema, input)
  const isList = Array.isArray(input)
  if (result.success && !isList) return result.output
  const problems = isList ? 'expected an object, received a list' : (result.issues ?? []).map(explain).join('; ')
  throw new FlagsError(code, `${what}: ${problems}.`, flag === undefined ? {} : { flag })
}

/** The name, or an `INVALID_NAME` that says what a name looks like. */
export function checkName(name: unknown): string {
  if (isFlagName(name)) return name
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 140)) : String(name)
  throw new FlagsError(
    'INVALID_NAME',
    `${shown} is not a flag name: a letter or digit, then at most 127 letters, digits, dots, underscores or hyphens.`,
  )
}

export function checkNewFlag(input: unknown): NewFlag {
  const named = input !== null && typeof input === 'object' && 'name' in input ? input.name : undefined
  const name = checkName(named)
  return check(newFlagSchema, input, 'INVALID_FLAG', `Flag ${name} cannot be created`, name)
}

export function checkPatch(name: string, input: unknown): FlagPatch {
  return check(patchSchema, input, 'INVALID_FLAG', `Flag ${name} cannot be patched so`, name)
}

export function checkMeta(name: string, input: unknown): ChangeMeta {
  return check(metaSchema, input ?? {}, 'INVALID_FLAG', `The change of flag ${name} is described wrongly`, name)
}

export function checkPage(name: string, input: unknown): HistoryPage {
  return check(pageSchema, input ?? {}, 'INVALID_OPTIONS', `This page of the history of ${name} cannot be read`, name)
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
