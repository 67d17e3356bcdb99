/**
 * Compares OpenFeature's client on Flagstone with the same client on its own in-memory provider: `pnpm bench:openfeature`. Prints CPU
 * nanoseconds per call, and the ratios.
 */
import { createFlags, memoryStore } from '@flagstone/core'
import { flagstoneProvider } from '@flagstone/openfeature-provider'
import { type Client, OpenFeature, TypedInMemoryProvider } from '@openfeature/server-sdk'
import xxhash from 'xxhash-wasm'

const FLAGS = 1_000
const CALLS = 50_000
const ROUNDS = 7

const { h32 } = await xxhash()
const names = Array.from({ length: FLAGS }, (_, index) => `flag_${index}`)
const users = Array.from({ length: 10_000 }, (_, index) => ({ targetingKey: `user-${index}` }))
const name = names[FLAGS / 2] ?? ''

const flags = createFlags({ store: memoryStore({ flags: names.map((each) => ({ name: each, rollout: 50 })) }) })
await Promise.all(names.map((each) => flags.isEnabled(each, 'warm')))

/** The same half of the users, by the same hash. */
const half = (each: string) => ({
  variants: { on: true, off: false },
  defaultVariant: 'off' as const,
  disabled: false,
  contextEvaluator: ({ targetingKey = '' }: { targetingKey?: string }) =>
    h32(`${each}:${targetingKey}`, 0) % 100 < 50 ? ('on' as const) : ('off' as const),
})

await OpenFeature.setProviderAndWait('flagstone', flagstoneProvider(flags))
await OpenFeature.setProviderAndWait('in-memory', new TypedInMemoryProvider(Object.fromEntries(names.map((each) => [each, half(each)]))))

async function admitted(ask: (user: { targetingKey: string }) => Promise<boolean>): Promise<number> {
  let count = 0
  for (let index = 0; index < CALLS; index++) if (await ask(users[index % users.length] ?? { targetingKey: '' })) count++
  return count
}

function through(client: Client): () => Promise<number> {
  return () => admitted((user) => client.getBooleanValue(name, false, user))
}

const subjects: readonly (readonly [string, () => Promise<number>])[] = [
  ['OpenFeature over its in-memory provider', through(OpenFeature.getClient('in-memory'))],
  ['OpenFeature over Flagstone', through(OpenFeature.getClient('flagstone'))],
  ['flags.isEnabled, in memory, awaited', () => admitted(({ targetingKey }) => flags.isEnabled(name, targetingKey))],
]

const best = new Map<string, number>()
const counts = new Set<number>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [label, run] of subjects) {
    const before = process.cpuUsage()
    counts.add(await run())
    const { user, system } = process.cpuUsage(before)
    best.set(label, Math.min(best.get(label) ?? Number.POSITIVE_INFINITY, ((user + system) * 1_000) / CALLS))
  }
}
if (counts.size !== 1) throw new Error(`They let in ${[...counts].join(', ')} of ${CALLS}`)

for (const [label, ns] of best) console.log(`${ns.toFixed(0).padStart(6)} ns  ${label}`)
const [inMemory = 1, overFlagstone = 0, alone = 1] = [...best.values()]
console.log(`\nOver Flagstone it costs ${(overFlagstone / inMemory).toFixed(2)} × what it costs over its own in-memory provider`)
console.log(`and ${(overFlagstone / alone).toFixed(0)} × what isEnabled costs`)
await OpenFeature.close()
await flags.close()
