/**
 * What somebody who writes an adapter needs beside the contracts.
 *
 * @module
 */

export type * from './contracts/index.ts'
export { type Blocker, FlagsError, type FlagsErrorCode, type FlagsErrorDetails, toFlagsError } from './errors.ts'
export { contentOf, type FlagContent, patched } from './validate/flag-content.ts'
export { isFlagName } from './validate/schemas.ts'
export { parseDecision, parseRecord } from './validate/validate.ts'
