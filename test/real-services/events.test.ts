import type { Flags } from '@flagstone/core'
import { flagsHandler, type Handler } from '@flagstone/http-handler'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Chain } from './service-chain.ts'

const NAMES = ['a', 'b', 'c', 'd']
const CHANGES_EACH = 40

let chain: Chain
beforeEach(async () => {
  chain = new Chain()
  await chain.start()
})
afterEach(() => chain.end())

/**
 * Reads events from one process after the other, reconnecting after a few events each, until the change `last()` arrives. Returns every
 * change.
 */
async function wander(handlers: readonly Handler[], first: number, last: () => number): Promise<readonly string[]> {
  const told: string[] = []
  let id = '0'
  for (let at = first, seen = 0; seen < last(); at++) {
    const headers = { 'Last-Event-ID': id }
    const response = await handlers[at % handlers.length]?.(new Request('http://localhost/events', { headers }))
    const reader = response?.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
    for (let text = '', few = 1 + (at % 5); few > 0 && seen < last(); few--) {
      text += new TextDecoder().decode((await reader.read()).value)
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const [, received, data] = /^id: (.*)\ndata: (.*)$/.exec(block) ?? []
        if (received === undefined || data === undefined) continue
        const { flag, version } = JSON.parse(data) as { flag?: string; version: number }
        told.push(`${flag}@${version}`)
        id = received
        seen = version
      }
    }
    await reader.cancel()
  }
  return told
}

async function update(flags: Flags, name: string): Promise<number> {
  let version = 0
  for (let rollout = 1; rollout <= CHANGES_EACH; rollout++) version = (await flags.admin.update(name, { rollout })).version
  return version
}

test('a client that reads events from changing processes of a fleet gets each change once and in order', async () => {
  const fleet = [0, 1, 2, 3, 4].map(() => chain.client())
  const handlers = fleet.map((flags) => flagsHandler({ flags, public: 'evaluate' }))
  const [admin, ...writers] = fleet as [Flags, Flags, Flags, Flags, Flags]
  for (const name of NAMES) await admin.admin.create({ name })
  let last = Number.POSITIVE_INFINITY
  const wanderers = handlers.map((_, first) => wander(handlers, first, () => last))
  const versions = await Promise.all(writers.map((writer, index) => update(writer, NAMES[index] as string)))
  // One more change, so that a reader that waits for an event gets one.
  last = Math.max(...versions)
  await admin.admin.update('a', { rollout: 0 })
  const log = await admin.admin.changes({ limit: 1_000 })
  const changes = log.kind === 'changes' ? log.changes.map(({ flag, version }) => `${flag}@${version}`) : []
  for (const told of await Promise.all(wanderers)) {
    expect(told.length).toBeGreaterThanOrEqual(NAMES.length * (CHANGES_EACH + 1))
    expect(told).toEqual(changes.slice(0, told.length))
  }
  for (const handler of handlers) handler.close()
}, 60_000)
