export type * from './contracts/index.ts'
export { type Blocker, FlagsError, type FlagsErrorCode, type FlagsErrorDetails } from './errors.ts'
