import assert from 'node:assert/strict'
import { FlagsError, type FlagsErrorCode } from '../errors/flags-error.ts'
import { segmentNameOf } from '../validate/segment-key.ts'

/** Expects a `FlagsError` of this code that names the flag or segment in its message, and in `flag` by its key; resolves with it. */
export async function refused(call: Promise<unknown>, code: FlagsErrorCode, flag: string): Promise<FlagsError> {
  const [outcome] = await Promise.allSettled([call])
  if (outcome.status === 'fulfilled') assert.fail(`Expected ${code} for flag ${flag}, but the call resolved.`)
  const error: unknown = outcome.reason
  if (!(error instanceof FlagsError)) assert.fail(`Expected a FlagsError with ${code} for flag ${flag}, received ${String(error)}`)
  assert.equal(error.code, code, `${error.code}: ${error.message}`)
  assert.equal(error.flag, flag)
  assert.ok(error.message.includes(segmentNameOf(flag) ?? flag), `the message does not name ${flag}: ${error.message}`)
  return error
}
