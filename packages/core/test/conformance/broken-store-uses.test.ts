import { describe, expect, test } from 'vitest'
import type { FlagUse } from '../../src/contracts/index.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

const KEPT = 'uses come back, each outcome of each flag for itself, from every client'

/** What a store answers that keeps uses in a way of its own. */
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
  { that: 'keeps no uses, and whose harness does not say so', fails: KEPT, broken: () => ({ noteUses: undefined as never }) },
  {
    that: 'forgets the variant',
    fails: KEPT,
    broken: (store) => ({ noteUses: (uses) => store.noteUses(uses.map(({ variant: _, ...use }) => use)) }),
  },
  {
    that: 'takes on and off for the same',
    fails: KEPT,
    broken: keeping(
      ({ flag, variant }) => JSON.stringify([flag, variant]),
      (use, known) => use.at > known.at,
    ),
  },
  {
    that: 'lets the last one who says something win',
    fails: 'the latest use counts, in whatever order uses come',
    broken: keeping(outcomeOf, () => true),
  },
  {
    that: 'keeps the first use',
    fails: 'the latest use counts, in whatever order uses come',
    broken: keeping(outcomeOf, () => false),
  },
  {
    that: 'puts the last use back by what is nearly as late',
    fails: 'a use that is less than an hour later may be passed over, but never puts the last one back',
    broken: (store) => ({
      lastUses: async () => {
        const { uses } = await store.lastUses()
        return { uses: uses.map((use) => ({ ...use, at: new Date(Date.parse(use.at) - 3_600_000).toISOString() })) }
      },
    }),
  },
  {
    that: 'counts from its latest use',
    fails: 'it stays known since when uses are told',
    broken: (store) => ({
      lastUses: async () => {
        const { uses } = await store.lastUses()
        const since = uses.map(({ at }) => at).sort()[0]
        return { uses, ...(since !== undefined && { since }) }
      },
    }),
  },
  {
    that: 'believes a clock that is ahead',
    fails: 'a use in the future counts as of now',
    broken: keeping(outcomeOf, (use, known) => use.at > known.at),
  },
  {
    that: 'refuses all where one flag is gone',
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
    that: 'looks before it writes, and writes what it wanted to',
    fails: 'many who note the same at once, each in an order of its own, are all heard',
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
    that: 'tells a use as a hint',
    fails: 'uses make no change: clock, log, records and hints stay as they are',
    broken: (store) => {
      let tell = (): void => {}
      return {
        watch: (listener) => {
          tell = () => listener.onHint({ name: 'a', version: 1 })
          return store.watch(listener)
        },
        noteUses: async (uses) => {
          await store.noteUses(uses)
          tell()
        },
      }
    },
  },
  {
    that: 'takes the first hundred',
    fails: 'a thousand uses are noted at once',
    broken: (store) => ({ noteUses: (uses) => store.noteUses(uses.slice(0, 100)) }),
  },
  {
    that: 'keeps the uses of flags that are gone for ever',
    fails: 'prune drops the uses of flags that are gone, and no others',
    broken: () => ({ prune: async () => 0 }),
  },
  {
    that: 'drops all uses when it is pruned',
    fails: 'prune drops the uses of flags that are gone, and no others',
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
    that: 'throws what is no FlagsError when it is given up',
    fails: 'noting with a signal that is aborted settles, with a FlagsError where it fails, and the store goes on',
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
