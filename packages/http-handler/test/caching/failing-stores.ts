import { type FlagStore, FlagsError } from '@flagstone/core'
import { around } from '../../../core/test/client-fleet.ts'

/** The same store with an unreadable record in it. */
export function withUnreadable(store: FlagStore): FlagStore {
  const error = new FlagsError('PARSE_ERROR', 'not for everybody', { flag: 'unreadable' })
  return around(store, {
    loadAll: async (next, call) => {
      const loaded = await next(call)
      return { ...loaded, flags: new Map([...loaded.flags, ['unreadable', error]]) }
    },
  })
}

/** The same store, whose log returns only unreadable records. */
export function unreadableFromNowOn(store: FlagStore): FlagStore {
  const error = new FlagsError('RECORD_TOO_NEW', 'not for everybody')
  return around(store, {
    changesSince: async (next, cursor, call) => {
      const changes = await next(cursor, call)
      return changes.kind === 'lost' ? changes : { ...changes, changed: changes.changed.map((change) => ({ ...change, flag: error })) }
    },
  })
}

/** The same store, whose reads fail while `isGone` returns `true`. */
export function failing(store: FlagStore, isGone: () => boolean): FlagStore {
  const unlessGone = async <T>(read: () => Promise<T>): Promise<T> => (isGone() ? Promise.reject(new Error('gone')) : await read())
  return around(store, {
    head: (next, call) => unlessGone(() => next(call)),
    load: (next, names, call) => unlessGone(() => next(names, call)),
    loadAll: (next, call) => unlessGone(() => next(call)),
    changesSince: (next, cursor, call) => unlessGone(() => next(cursor, call)),
  })
}
