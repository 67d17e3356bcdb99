import { type FlagStore, FlagsError } from '@flagstone/core'
import { around } from '../../../core/test/world.ts'

/** The same store, with a record in it that cannot be read. */
export function withUnreadable(store: FlagStore): FlagStore {
  const error = new FlagsError('PARSE_ERROR', 'not for everybody', { flag: 'unreadable' })
  return around(store, {
    loadAll: async (next, call) => {
      const loaded = await next(call)
      return { ...loaded, flags: new Map([...loaded.flags, ['unreadable', error]]) }
    },
  })
}
