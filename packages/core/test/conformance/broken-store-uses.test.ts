import { describe, expect, test } from 'vitest'
import type { FlagUse } from '../../src/contracts/index.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

const KEPT = 'uses come back from every client, each outcome of each flag separately'

/** Keeps one use for each key; `wins` says whether a use replaces the known one. */
function keeping(keyOf: (use: FlagUse) => string, wins: (use: FlagUse, known: FlagUse) => boolean): StoreDefect['broken'] {
  return () => {
    const kept = new Map<string, FlagUse>()
    return {
      noteUses: async (uses) => {
        for (const use of uses) {
          const known = kept.get(keyOf(use))
          if (known === undefined || wins(use, known)) kept.set(keyOf(use), use)
        }
      },
      lastUses: async () => ({ uses: [...kept.values()] }),
    }
  }
}

const outcomeOf = ({ flag, enabled, variant }: FlagUse): string => JSON.stringify([flag, enabled, variant])

const DEFECTS: readonly StoreDefect[] = [
  { that: 'keeps no uses, though its harness skips no case', fails: KEPT, broken: () => ({ noteUses: undefined as never }) },
  {
    that: 'forgets the variant',
    fails: KEPT,
    broken: (store) => ({ noteUses: (uses) => store.noteUses(uses.map(({ variant: _, ...use }) => use)) }),
  },
  {
    that: 'keeps on and off as one outcome',
    fails: KEPT,
    broken: keeping(
      ({ flag, variant }) => JSON.stringify([flag, variant]),
      (use, known) => use.at > known.at,
    ),
  },
  {
    that: 'keeps the use that arrived last',
    fails: 'the latest use counts, in whatever order uses arrive',
    broken: keeping(outcomeOf, () => true),
  },
  {
    that: 'keeps the use that arrived first',
    fails: 'the latest use counts, in whatever order uses arrive',
    broken: keeping(outcomeOf, () => false),
  },
  {
    that: 'moves the last use back by an hour',
    fails: 'a use less than an hour later may be skipped, but never moves the last one back',
    broken: (store) => ({
      lastUses: async () => {
        const { uses } = await store.lastUses()
        return { uses: uses.map((use) => ({ ...use, at: new Date(Date.parse(use.at) - 3_600_000).toISOString() })) }
      },
    }),
  },
  {
    that: 'forgets the time of its earliest use',
    fails: 'the time of the earliest use stays known',
    broken: (store) => ({
      lastUses: async () => {
        const { uses } = await store.lastUses()
        const since = uses.map(({ at }) => at).sort()[0]
        return { uses, ...(since !== undefined && { since }) }
      },
    }),
  },
  {
    that: 'keeps the time of a use in the future',
    fails: 'a use in the future counts as of now',
    broken: keeping(outcomeOf, (use, known) => use.at > known.at),
  },
  {
    that: 'refuses all uses where one flag does not exist',
    fails: 'a use of a flag that does not exist does no harm',
    broken: (store) => ({
      noteUses: async (uses) => {
        const { flags } = await store.load(uses.map(({ flag }) => flag))
        if (![...flags.values()].includes(null)) await store.noteUses(uses)
      },
    }),
  },
  {
    that: 'writes a use into the flag',
    fails: 'uses make no change: clock, log, records and hints stay as they are',
    broken: (store) => ({
      noteUses: async (uses) => {
        for (const { flag, at } of uses) await store.update(flag, { description: at })
      },
    }),
  },
  {
    that: 'compares first, and writes later without another look',
    fails: 'where many note the same uses at once, each in another order, the latest of each counts',
    broken: () => {
      const kept = new Map<string, FlagUse>()
      return {
        noteUses: async (uses) => {
          const later = uses.filter((use) => use.at > (kept.get(outcomeOf(use))?.at ?? ''))
          await Promise.resolve()
          for (const use of later) kept.set(outcomeOf(use), use)
        },
        lastUses: async () => ({ uses: [...kept.values()] }),
      }
    },
  },
  {
    that: 'sends a hint for a use',
    fails: 'uses make no change: clock, log, records and hints stay as they are',
    broken: (store) => {
      let sendHint = (): void => {}
      return {
        watch: (listener) => {
          sendHint = () => listener.onHint({ name: 'a', version: 1 })
          return store.watch(listener)
        },
        noteUses: async (uses) => {
          await store.noteUses(uses)
          sendHint()
        },
      }
    },
  },
  {
    that: 'keeps only the first hundred',
    fails: 'a thousand uses can be noted together',
    broken: (store) => ({ noteUses: (uses) => store.noteUses(uses.slice(0, 100)) }),
  },
  {
    that: 'never prunes the uses of deleted flags',
    fails: 'prune drops the uses of deleted flags, and no others',
    broken: () => ({ prune: async () => 0 }),
  },
  {
    that: 'drops all uses when it is pruned',
    fails: 'prune drops the uses of deleted flags, and no others',
    broken: (store) => {
      let pruned = false
      return {
        prune: async (days) => {
          pruned = true
          return store.prune(days)
        },
        lastUses: async () => (pruned ? { uses: [] } : store.lastUses()),
      }
    },
  },
  {
    that: 'throws another error than a FlagsError when a call is aborted',
    fails: 'a call of noteUses whose signal is aborted settles, with a FlagsError where it fails, and the store goes on',
    broken: (store) => ({
      noteUses: async (uses, call) => {
        if (call?.signal?.aborted) throw new Error('aborted')
        await store.noteUses(uses)
      },
    }),
  },
]

describe('the suite of the store catches a store that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
