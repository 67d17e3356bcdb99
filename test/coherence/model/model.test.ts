import { afterAll, describe, expect, it } from 'vitest'
import { explorationLog, exploreAndLog, logLine } from './exploration-log.ts'
import { explore } from './explore.ts'
import { type Healing, heal, isBroken } from './heal-broken-states.ts'
import type { BrokenPromise } from './process-rules.ts'
import { type Bounds, type ProcessKind, REAL } from './protocol-rules.ts'
import { boundsOf, peer, peerWithMemory, reader } from './weakened-protocols.ts'

afterAll(() => console.log(explorationLog()))

const holds = (title: string, bounds: Bounds, until?: (broke: BrokenPromise) => boolean): void => {
  it(title, () => expect(exploreAndLog(title, REAL, bounds, until)).toMatchObject({ broke: undefined }), 60_000)
}

describe('G1, G2 and the laws 3 and 4 hold, whatever is evicted, late, repeated, reordered or lost, and if a writer dies after its commit', () => {
  const detached: ProcessKind = { ...peerWithMemory, overlaps: true }

  holds('with three updates and two readers', boundsOf(3, [peer, reader]))
  holds('with two updates, by two processes that read', boundsOf(2, [peer, peer]))
  holds('with one update, of another flag too', boundsOf(1, [peer, reader], { others: 1 }))
  holds('with three updates, and a process that starts anew beside Redis as it is', boundsOf(3, [reader, reader], { restarts: 1 }))
  holds('with a process that updates and starts anew', boundsOf(1, [peer, reader], { restarts: 1 }))
  holds('with decisions beside the flag', boundsOf(1, [peer, reader], { decisions: true }))
  holds('with memory and decisions beside the flag', boundsOf(1, [peerWithMemory], { decisions: true }))
  holds('with memory in one process beside a reader', boundsOf(1, [peerWithMemory, reader]))
  holds('with memory, two updates, and loads that go on detached beside newer ones', boundsOf(2, [detached]))
})

describe('a failover of Redis that loses its last write', () => {
  const bounds = boundsOf(1, [peer, reader], { failovers: 1 })

  it('breaks G1 for a process that does not know of the change, which is not promised', () => {
    const { broke, trace } = exploreAndLog('failover, all promises', REAL, bounds)
    expect(broke).toBe('G1: Redis counts an entry from before an update that has resolved')
    expect(trace).toMatchInlineSnapshot(`
      "
      B reads Redis: no fence
      B asks Redis for a placeholder
      B loads from the store: as of 0
      the store commits change 1
      Redis: INVALIDATE 1; update() may resolve
      Redis: fails over and loses its last write
      Redis: FILL as of 0
      "
    `)
  })

  holds('never breaks G2 or law 4: a process that knows of the change answers it', bounds, (broke) => !broke.startsWith('G1'))

  it('is healed by the next read of any process that knows of the change', () => {
    const tally: Healing = { broken: 0, healed: 0 }
    explore({ rules: REAL, bounds, until: () => false, visit: (state) => heal(REAL, bounds, state, tally) })
    logLine(`healing: ${tally.broken} broken states read by a process that knows better, ${tally.healed} healed`)
    expect(tally.broken).toBeGreaterThan(100)
    expect(tally.healed).toBe(tally.broken)
  })

  it('is not healed if such a read does not raise the fence', () => {
    const rules = { ...REAL, heal: false }
    const tally: Healing = { broken: 0, healed: 0 }
    explore({ rules, bounds, until: () => false, visit: (state) => heal(rules, bounds, state, tally) })
    expect(tally.broken).toBeGreaterThan(100)
    expect(tally.healed).toBe(0)
  })

  it('is the only cause of such a state', () => {
    let broken = 0
    explore({ rules: REAL, bounds: { ...bounds, failovers: 0 }, visit: ({ shared }) => (broken += isBroken(REAL, shared) ? 1 : 0) })
    expect(broken).toBe(0)
  })
})
