import { afterAll, describe, expect, it } from 'vitest'
import { explorationLog, exploreAndLog } from './exploration-log.ts'
import { REAL } from './protocol-rules.ts'
import { boundsOf, peer, reader, VARIANTS, type Variant } from './weakened-protocols.ts'

afterAll(() => console.log(explorationLog()))

describe('without one of its guards the protocol breaks a promise', () => {
  const breaks = (title: keyof typeof VARIANTS): string => {
    const { rules, bounds, breaks }: Variant = VARIANTS[title]
    const { broke, trace } = exploreAndLog(title, rules, bounds)
    expect(broke).toBe(breaks)
    return trace
  }

  it('a plain DEL in place of the fence', () => {
    expect(breaks('a plain DEL in place of the fence')).toMatchInlineSnapshot(`
      "
      B reads Redis: nothing counts
      B loads from the store: as of 0
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      Redis: FILL as of 0
      "
    `)
  })

  it('a fence that is a number, compared by order', () => {
    expect(breaks('a fence that is a number, compared by order')).toMatchInlineSnapshot(`
      "
      B reads Redis: nothing counts
      B loads from the store: as of 0
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      Redis: evicts the fence
      Redis: FILL as of 0
      "
    `)
  })

  it('a fence that is a number which restarts after an eviction, compared for equality', () => {
    expect(breaks('a fence that is a number which restarts after an eviction, compared for equality')).toMatchInlineSnapshot(`
      "
      B reads Redis: nothing counts
      B loads from the store: as of 0
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      Redis: evicts the fence
      Redis: FILL as of 0
      "
    `)
  })

  it('a fence that is set only where there is none (SET NX)', () => {
    expect(breaks('a fence that is set only where there is none (SET NX)')).toMatchInlineSnapshot(`
      "
      B reads Redis: no fence
      B asks Redis for a placeholder
      B loads from the store: as of 0
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      Redis: FILL as of 0
      "
    `)
  })

  it('loads from a replica that lags', () => {
    expect(breaks('loads from a replica that lags')).toMatchInlineSnapshot(`
      "
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      Redis: evicts the fence
      B reads Redis: no fence
      B asks Redis for a placeholder
      B loads from the store: as of 0
      Redis: FILL as of 0
      "
    `)
  })

  it('loads from a replica that lags, and no check of "as of" against the fence', () => {
    expect(breaks('loads from a replica that lags, and no check of "as of" against the fence')).toMatchInlineSnapshot(`
      "
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      B reads Redis: nothing counts
      B loads from the store: as of 0
      Redis: FILL as of 0
      "
    `)
  })

  it('FILL without a look at the entry that counts now', () => {
    expect(breaks('FILL without a look at the entry that counts now')).toMatchInlineSnapshot(`
      "
      B reads Redis: no fence
      B asks Redis for a placeholder
      B loads from the store: as of 0
      the store commits change 1
      B reads Redis: nothing counts
      B loads from the store: as of 1
      Redis: FILL as of 1
      Redis: FILL as of 0
      "
    `)
  })

  it('a record that follows its change whatever the fence was', () => {
    expect(breaks('a record that follows its change whatever the fence was')).toMatchInlineSnapshot(`
      "
      the store commits change 1
      the store commits change 2
      Redis: INVALIDATE 2; update() may resolve
      Redis: evicts the fence
      Redis: INVALIDATE 1, followed by its record; update() may resolve
      "
    `)
  })

  it('a record that follows its change where the fence is the one that its writer read after the commit', () => {
    expect(
      breaks('a record that follows its change where the fence is the one that its writer read after the commit'),
    ).toMatchInlineSnapshot(`
      "
      the store commits change 1
      the store commits change 2
      Redis: INVALIDATE 2; update() may resolve
      Redis: evicts the fence
      A reads Redis: no fence
      A asks Redis for a placeholder
      Redis: INVALIDATE 1, followed by its record; update() may resolve
      "
    `)
  })

  it('a record that follows its change without a look at the entry that counts now', () => {
    expect(breaks('a record that follows its change without a look at the entry that counts now')).toMatchInlineSnapshot(`
      "
      B reads Redis: no fence
      B asks Redis for a placeholder
      the store commits change 1
      the store commits change 2
      B loads from the store: as of 2
      Redis: FILL as of 2
      Redis: INVALIDATE 1, followed by its record; update() may resolve
      "
    `)
  })

  it('a process that trusts Redis before it asked the store where it is', () => {
    expect(breaks('a process that trusts Redis before it asked the store where it is')).toMatchInlineSnapshot(`
      "
      B reads Redis: no fence
      B asks Redis for a placeholder
      B loads from the store: as of 0
      the store commits change 1
      Redis: FILL as of 0
      B dies and starts anew, the store being at 1
      B reads Redis: the flag as of 0
      "
    `)
  })

  it('no floors', () => {
    expect(breaks('no floors')).toMatchInlineSnapshot(`
      "
      A reads Redis: no fence
      A asks Redis for a placeholder
      A loads from the store: as of 0
      the store commits change 1
      A is told that its update() is committed as 1
      A is given its load as of 0
      "
    `)
  })

  it('no check at the delivery of an answer', () => {
    expect(breaks('no check at the delivery of an answer')).toMatchInlineSnapshot(`
      "
      A reads Redis: no fence
      A asks Redis for a placeholder
      A loads from the store: as of 0
      the store commits change 1
      A is told that its update() is committed as 1
      A is given its load as of 0
      "
    `)
  })

  it('loads that a change does not detach', () => {
    expect(breaks('loads that a change does not detach')).toMatchInlineSnapshot(`
      "
      A reads Redis: no fence
      A asks Redis for a placeholder
      A loads from the store: as of 0
      the store commits change 1
      A is given its load as of 0
      Redis: FILL as of 0
      A reads Redis: the flag as of 0
      Redis: INVALIDATE 1; update() may resolve
      A hears a hint of 1 from Redis
      A is given what Redis said
      "
    `)
  })

  it('a memory that takes in what does not count as answered', () => {
    expect(breaks('a memory that takes in what does not count as answered')).toMatchInlineSnapshot(`
      "
      A reads Redis: no fence
      A asks Redis for a placeholder
      A loads from the store: as of 0
      the store commits change 1
      A is given its load as of 0
      Redis: FILL as of 0
      A reads Redis: the flag as of 0, a decision as of 0
      Redis: INVALIDATE 1; update() may resolve
      A hears a hint of 1 from Redis, with the record
      A is given what Redis said (detached)
      "
    `)
  })

  it('a hint that is forgotten when an earlier change is told after it', () => {
    expect(breaks('a hint that is forgotten when an earlier change is told after it')).toMatchInlineSnapshot(`
      "
      the store commits change 1
      the store commits change 2
      Redis: INVALIDATE 2; update() may resolve
      A reads Redis: nothing counts
      A hears a hint of 2 from Redis
      A is told that its update() is committed as 1
      "
    `)
  })

  it('but "as of" against the fence is a second line: it is needed only where loads do not come from the primary', () => {
    expect(
      exploreAndLog('no check of "as of" against the fence', { ...REAL, fillChecksVersion: false }, boundsOf(1, [peer, reader])).broke,
    ).toBe(undefined)
  })
})
