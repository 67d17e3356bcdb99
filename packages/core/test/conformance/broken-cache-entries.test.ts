import { describe, expect, test } from 'vitest'
import type { CacheFill, CacheWant, FlagCache } from '../../src/contracts/index.ts'
import { type Break, type CacheDefect, caught, current } from './broken-caches.ts'

/** Changes each fill, and passes them on one by one. */
function changedFills(change: (cache: FlagCache, fill: CacheFill) => CacheFill | Promise<CacheFill>): () => Break {
  return () => (cache) => ({
    fill: async (fills) => {
      const answers: boolean[] = []
      for (const fill of fills) answers.push(...(await cache.fill([await change(cache, fill)])))
      return answers
    },
  })
}

function dated({ flag, decision, ...rest }: CacheFill, asOf: (given: number) => number): CacheFill {
  return {
    ...rest,
    ...(flag && { flag: { ...flag, asOf: asOf(flag.asOf) } }),
    ...(decision && { decision: { ...decision, asOf: asOf(decision.asOf) } }),
  }
}

function changedKeys(changeKey: (targetingKey: string) => string): () => Break {
  const inRead = ({ name, decision }: CacheWant): CacheWant => ({
    name,
    ...(decision && { decision: { ...decision, targetingKey: changeKey(decision.targetingKey) } }),
  })
  return () => (cache) => ({
    read: (wanted) => cache.read(wanted.map(inRead)),
    fill: (fills) =>
      cache.fill(
        fills.map((fill) =>
          fill.decision ? { ...fill, decision: { ...fill.decision, targetingKey: changeKey(fill.decision.targetingKey) } } : fill,
        ),
      ),
  })
}

const DEFECTS: readonly CacheDefect[] = [
  {
    that: 'ignores the token of a fill',
    fails: 'a fill whose token was read before an invalidation is refused',
    broken: changedFills(async (cache, fill) => ({ ...fill, token: String((await current(cache, fill.name)).token) })),
  },
  {
    that: 'accepts a fill after its fence was lost',
    fails: 'a fill after the fence was lost is refused',
    broken: changedFills(async (cache, fill) => ({ ...fill, token: String((await current(cache, fill.name)).token) })),
  },
  {
    that: 'compares fences by their number',
    fails: 'forget drops flag and fence, and with the fence every decision',
    broken: changedFills(async (cache, fill) => {
      const { token } = await current(cache, fill.name)
      const numberOf = (fence: string): number => Number(fence.split('.')[1])
      return numberOf(fill.token) >= numberOf(String(token)) ? { ...fill, token: String(token) } : fill
    }),
  },
  {
    that: 'has fences without a nonce',
    fails: 'a raised fence has its version, and a token that was never used before',
    broken: () => (cache) => ({
      read: async (wanted) => (await cache.read(wanted)).map((read) => ({ ...read, token: read.token?.split('.').slice(0, 2).join('.') })),
    }),
  },
  {
    that: 'lets the last fill win, however old',
    fails: 'a fill older than the flag that counts now is refused',
    broken: () => {
      let fills = 1_000
      return changedFills((_, fill) => dated(fill, () => ++fills))()
    },
  },
  {
    that: "accepts a fill below the fence's version",
    fails: "a fill older than the fence's version is refused",
    broken: changedFills(async (cache, fill) => {
      const { fenceVersion } = await current(cache, fill.name)
      return dated(fill, (given) => Math.max(given, fenceVersion))
    }),
  },
  {
    that: 'keeps half of a fill that it refuses',
    fails: 'a refused fill keeps none of its values',
    broken: () => (cache) => ({
      fill: (fills) =>
        Promise.all(
          fills.map(async ({ name, token, flag, decision }) => {
            const halves: CacheFill[] = [...(flag ? [{ name, token, flag }] : []), ...(decision ? [{ name, token, decision }] : [])]
            return (await cache.fill(halves)).every(Boolean)
          }),
        ),
    }),
  },
  {
    that: 'answers fills as if each were kept',
    fails: 'fills are answered in order, each on its own',
    broken: () => (cache) => ({ fill: async (fills) => (await cache.fill(fills)).map(() => true) }),
  },
  {
    that: 'treats an absence as unknown',
    fails: 'a flag that is known to be absent reads as null, not as unknown',
    broken: () => (cache) => ({
      read: async (wanted) => (await cache.read(wanted)).map(({ flag, ...rest }) => (flag?.value == null ? rest : { ...rest, flag })),
    }),
  },
  {
    that: 'treats false as unknown',
    fails: 'true and false are both kept as decisions',
    broken: () => (cache) => ({
      read: async (wanted) => (await cache.read(wanted)).map(({ decision, ...rest }) => (decision?.value ? { ...rest, decision } : rest)),
    }),
  },
  {
    that: 'answers in another order',
    fails: 'a read of many names is answered in their order',
    broken: () => (cache) => ({ read: async (wanted) => [...(await cache.read(wanted))].reverse() }),
  },
  {
    that: 'installs a new placeholder with every read',
    fails: 'a placeholder stays: every later read, by any client, gives the same token',
    broken: () => (cache) => ({
      read: async (wanted) => {
        for (const { name } of wanted) if ((await current(cache, name)).fenceVersion === 0) await cache.forget([name])
        return cache.read(wanted)
      },
    }),
  },
  {
    that: 'gives tokens before it knows a store',
    fails: 'before it knows a store, the cache gives no token and takes no fill',
    broken: () => (cache) => ({
      read: async (wanted) => {
        await cache.open('any')
        return cache.read(wanted)
      },
    }),
  },
  {
    that: 'cuts targeting keys at a colon',
    fails: 'every targeting key has entries of its own',
    broken: changedKeys((key) => key.split(':')[0] as string),
  },
  {
    that: 'cuts targeting keys at a NUL',
    fails: 'every targeting key has entries of its own',
    broken: changedKeys((key) => key.split('\0')[0] as string),
  },
  {
    that: 'normalizes targeting keys',
    fails: 'every targeting key has entries of its own',
    broken: changedKeys((key) => key.normalize('NFC')),
  },
  {
    that: 'keeps entries for longer than it was told',
    fails: 'a flag is kept for its time to live, and no longer',
    broken: changedFills((_, { flag, ...fill }) => ({ ...fill, ...(flag && { flag: { ...flag, ttlMs: flag.ttlMs * 2 } }) })),
  },
  {
    that: 'drops a placeholder while a flag counts under it',
    fails: 'a flag is kept for its time to live, and no longer',
    broken: changedFills((_, { flag, ...fill }) => ({ ...fill, ...(flag && { flag: { ...flag, ttlMs: Math.min(flag.ttlMs, 60_000) } }) })),
  },
]

describe('the suite of the cache catches a cache that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
