import { FlagsError } from '@flagstone/core/adapter'

export function invalidOptions(message: string): FlagsError {
  return new FlagsError('INVALID_OPTIONS', message)
}
