import { describe, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import { sharedMemoryCache } from '../../src/adapters/memory/shared-memory-cache.ts'
import { cacheCases, storeCases } from '../../src/conformance/index.ts'
import { ManualClock } from '../manual-clock.ts'

const NO_REWIND = 'a memory store has no backup to restore'
const NO_OVERWRITE = 'only this build writes to a memory store'
const NO_REPLICA = 'a memory store has no replica'
const NO_CORRUPT = 'only this build writes to a memory cache'

const ofStore = storeCases({
  async open() {
    const store = memoryStore()
    return { store, peer: async () => store, end: () => store.close() }
  },
  skip: {
    'a store that went back says so, also once its clock has passed the cursor again': NO_REWIND,
    'a record of a newer schema is an error in its place, and affects no other flag': NO_OVERWRITE,
    'a record that breaks the schema is an error in its place, and affects no other flag': NO_OVERWRITE,
    'the log lists a record of a newer schema as an error': NO_OVERWRITE,
    'a record of a newer schema cannot be patched, and stays as it is': NO_OVERWRITE,
    'a record of a newer schema can be deleted': NO_OVERWRITE,
    'a segment of a newer schema is an error in its place, and affects no other record': NO_OVERWRITE,
    'a flag with unreadable rules is an error in its place, and affects no other record': NO_OVERWRITE,
    'a replica is of the same store, and never ahead of it': NO_REPLICA,
    'a replica answers each name that was asked for once, and no other': NO_REPLICA,
    'a replica catches up with each change': NO_REPLICA,
    'a replica answers each flag as it was at its "as of", however far it lags': NO_REPLICA,
    'all records of a replica are those that existed at its "as of", segments too, and none that was deleted': NO_REPLICA,
    'a record that this build cannot use is an error in its place, also in a replica': NO_REPLICA,
    'a call to a replica whose signal is aborted settles, with a FlagsError where it fails, and the replica goes on': NO_REPLICA,
  },
})

const ofCache = cacheCases({
  async open() {
    const clock = new ManualClock()
    const space = sharedMemoryCache({ clock })
    const cache = space.connect()
    return { cache, peer: async () => space.connect(), advance: (ms) => clock.advance(ms), end: () => cache.close() }
  },
  skip: {
    'a corrupt flag is a miss, is reported once, and is replaced by the next fill': NO_CORRUPT,
    'a cached flag that is no legal record of that name is a miss': NO_CORRUPT,
    'a flag of a newer schema is a miss': NO_CORRUPT,
    'a corrupt decision is a miss, and affects neither the flag nor another decision': NO_CORRUPT,
  },
})

describe('memoryStore keeps the contract of FlagStore', () => {
  for (const { name, skip, run } of ofStore) test.skipIf(skip !== undefined)(skip ? `${name} (${skip})` : name, run)
})

describe('memoryCache keeps the contract of FlagCache', () => {
  for (const { name, skip, run } of ofCache) test.skipIf(skip !== undefined)(skip ? `${name} (${skip})` : name, run)
})
