import { afterEach, describe, expect, test, vi } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/memory-store.ts'
import { sharedMemoryCache } from '../../src/adapters/memory/shared-memory-cache.ts'
import { casesOf, type Fixture, needed, type Scenarios } from '../../src/conformance/case.ts'
import { eventually } from '../../src/conformance/eventually.ts'
import { cacheCases, storeCases } from '../../src/conformance/index.ts'

const unopened = () => Promise.reject(new Error('must not be opened'))

afterEach(() => {
  vi.useRealTimers()
})

describe('a conformance case', () => {
  const scenarios: Scenarios<Fixture> = { passes: async () => {}, fails: () => Promise.reject(new Error('broken')) }

  test('opens its own fixture and ends it, whether it passes or fails', async () => {
    const log: string[] = []
    const open = async (): Promise<Fixture> => {
      log.push('open')
      return { end: async () => void log.push('end') }
    }
    const [passes, fails] = casesOf({ open }, [scenarios])
    expect(log).toEqual([])
    await passes?.run()
    await expect(fails?.run()).rejects.toThrow('broken')
    expect(log).toEqual(['open', 'end', 'open', 'end'])
  })

  test('carries the reason why it is skipped', () => {
    const cases = casesOf({ open: unopened, skip: { fails: 'we know' } }, [scenarios])
    expect(cases.map(({ name, skip }) => [name, skip])).toEqual([
      ['passes', undefined],
      ['fails', 'we know'],
    ])
  })

  test('cannot be skipped without a reason, nor where it does not exist', () => {
    expect(() => casesOf({ open: unopened, skip: { fails: '' } }, [scenarios])).toThrow('"fails" is skipped without a reason')
    expect(() => casesOf({ open: unopened, skip: { 'never was': 'because', old: 'too' } }, [scenarios])).toThrow('"never was" or "old"')
  })

  test('says which optional part is missing', () => {
    expect(needed(1, 'rewind()')).toBe(1)
    expect(() => needed(undefined, 'rewind()')).toThrow('There is no rewind(). Provide it, or skip this case with the reason.')
  })
})

describe('the suites', () => {
  test('name each case once', () => {
    for (const cases of [storeCases({ open: unopened }), cacheCases({ open: unopened })]) {
      const names = cases.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect(cases.length).toBeGreaterThan(50)
    }
  })

  test('fail the cases that need a missing optional part, instead of skipping them', async () => {
    const store = storeCases({
      open: async () => {
        const store = memoryStore()
        return { store, peer: async () => store, end: async () => {} }
      },
    })
    const cache = cacheCases({
      open: async () => {
        const space = sharedMemoryCache()
        return { cache: space.connect(), peer: async () => space.connect(), end: async () => {} }
      },
    })
    const failures = []
    for (const { run } of [...store, ...cache])
      failures.push(
        ...(await run().then(
          () => [],
          (error: Error) => [error.message],
        )),
      )
    const missingPart = /^There is no ((rewind|overwrite|advance|corrupt)\(\) in this harness|load(All)?FromReplica\(\) on this store)/
    expect(failures.filter((message) => !missingPart.test(message))).toEqual([])
    expect(failures).toHaveLength(28)
  })
})

describe('waiting for a condition', () => {
  test('ends as soon as it holds', async () => {
    let looks = 0
    await eventually(() => ++looks > 2, 'three looks')
    expect(looks).toBe(3)
  })

  test('fails after ten seconds and says what did not come', async () => {
    vi.useFakeTimers()
    const waiting = expect(eventually(() => false, 'the hint')).rejects.toThrow('the hint: not within 10 s')
    await vi.advanceTimersByTimeAsync(10_100)
    await waiting
  })
})
