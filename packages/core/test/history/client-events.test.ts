import { expect, test } from 'vitest'
import { createFlags, memoryStore } from '../../src/index.ts'
import { ManualClock } from '../manual-clock.ts'

/** More kinds of errors than are remembered, each of another flag. */
const KINDS = 1_001

test('the same error of the same flag is told once in 10 s, and only so many are remembered', async () => {
  const clock = new ManualClock()
  const names = Array.from({ length: KINDS }, (_, index) => `flag_${index}`)
  const told: string[] = []
  const flags = createFlags({
    store: memoryStore({ clock, flags: names.map((name) => ({ name, rollout: 100 })) }),
    clock,
    onError: (error) => told.push(String(error.flag)),
  })
  const mismatch = async (name: string): Promise<string> => await flags.value(name, 'ada', { default: 'text' })
  await mismatch('flag_0')
  await mismatch('flag_0')
  expect(told).toEqual(['flag_0'])
  for (const name of names) await mismatch(name)
  expect(told).toHaveLength(KINDS)
  await mismatch('flag_0')
  expect(told).toHaveLength(KINDS + 1)
  await clock.until(flags.close())
})
