/**
 * Compares a hit in memory with the least that it could cost: `pnpm bench`. Prints CPU nanoseconds per call, and the ratios to the floors.
 */
import { createFlags, memoryStore } from '@flagstone/core'
import { LRUCache } from 'lru-cache'
import xxhash from 'xxhash-wasm'
import { fiveRules } from './five-rules.ts'

const FLAGS = 1_000
const CALLS = 400_000
const ROUNDS = 9

const { h32 } = await xxhash()
const names = Array.from({ length: FLAGS }, (_, index) => `flag_${index}`)
const users = Array.from({ length: 10_000 }, (_, index) => `user-${index}`)
const contexts = users.map((targetingKey) => ({ targetingKey, country: 'DE', plan: 'pro', seats: 12 }))
const name = names[FLAGS / 2] ?? ''
const ruled = { name: 'ruled', rollout: 50, rules: fiveRules('pro') }
const flags = createFlags({ store: memoryStore({ flags: [...names.map((each) => ({ name: each, rollout: 50 })), ruled] }) })
await Promise.all([...names, ruled.name].map((each) => flags.isEnabled(each, 'warm')))
const snapshot = await flags.snapshot()

const thresholds = new Map(names.map((each) => [each, 50]))
const recent = new LRUCache<string, number>({ max: 10_000 })
for (const each of names) recent.set(each, 50)

const onMap = (user: string): boolean => h32(`${name}:${user}`, 0) % 100 < (thresholds.get(name) ?? 0)
const onLru = (user: string): Promise<boolean> => Promise.resolve(h32(`${name}:${user}`, 0) % 100 < (recent.get(name) ?? 0))

/** Each call uses one of `whom`. */
async function awaited<T>(whom: readonly T[], call: (who: T) => Promise<boolean>): Promise<number> {
  let admitted = 0
  for (let index = 0; index < CALLS; index++) if (await call(whom[index % whom.length] as T)) admitted++
  return admitted
}

function synchronous<T>(whom: readonly T[], call: (who: T) => boolean): Promise<number> {
  let admitted = 0
  for (let index = 0; index < CALLS; index++) if (call(whom[index % whom.length] as T)) admitted++
  return Promise.resolve(admitted)
}

const subjects: readonly (readonly [string, () => Promise<number>])[] = [
  ['floor: Map + xxhash-wasm, synchronous', () => synchronous(users, onMap)],
  ['floor: lru-cache + xxhash-wasm, awaited', () => awaited(users, onLru)],
  ['flags.isEnabled, in memory, awaited', () => awaited(users, (user) => flags.isEnabled(name, user))],
  ['snapshot.isEnabled, synchronous', () => synchronous(users, (user) => snapshot.isEnabled(name, user))],
  ['flags.isEnabled, 5 rules × 2 conditions', () => awaited(contexts, (context) => flags.isEnabled(ruled.name, context))],
  ['snapshot.isEnabled, 5 rules × 2 conditions', () => synchronous(contexts, (context) => snapshot.isEnabled(ruled.name, context))],
]

const best = new Map<string, number>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [label, run] of subjects) {
    const before = process.cpuUsage()
    const admitted = await run()
    const { user, system } = process.cpuUsage(before)
    if (Math.abs(admitted / CALLS - 0.5) > 0.05) throw new Error(`${label} let in ${admitted} of ${CALLS}`)
    best.set(label, Math.min(best.get(label) ?? Number.POSITIVE_INFINITY, ((user + system) * 1_000) / CALLS))
  }
}

for (const [label, ns] of best) console.log(`${ns.toFixed(0).padStart(6)} ns  ${label}`)
const [floor = 1, awaitedFloor = 1, isEnabled = 0, inSnapshot = 0, withRules = 0, inSnapshotWithRules = 0] = [...best.values()]
console.log(`\nisEnabled is ${(isEnabled / awaitedFloor).toFixed(2)} × the awaited floor (target: at most 1.25)`)
console.log(`snapshot.isEnabled is ${(inSnapshot / floor).toFixed(2)} × the synchronous floor (target: at most 1.25)`)
console.log(
  `with 5 rules of 2 conditions: isEnabled ${(withRules / isEnabled).toFixed(2)} ×, snapshot.isEnabled ${(inSnapshotWithRules / inSnapshot).toFixed(2)} × a flag without (target: at most 3)`,
)
await flags.close()
