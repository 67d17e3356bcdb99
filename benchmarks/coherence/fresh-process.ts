/** A process that starts, reads at once, sends its answers to the parent and ends. */
import { createFlags } from '@flagstone/core'
import { postgresStore } from '@flagstone/pg-adapter'
import { redisCache } from '@flagstone/redis-adapter'
import type { FreshAnswers, FreshPlan } from './measure-starts.ts'
import { now, USER } from './worker-messages.ts'

const { schema, databaseUrl, redisUrl, names } = JSON.parse(process.argv[2] ?? '') as FreshPlan
const from = now()
const flags = createFlags({ store: postgresStore({ url: databaseUrl, schema }), cache: redisCache({ url: redisUrl }) })
const first = await flags.evaluate(names[0] ?? '', USER)
const firstMs = now() - from
const all = await Promise.all(names.map((name) => flags.isEnabled(name, USER)))
const answers: FreshAnswers = { first: first.enabled, source: first.source, firstMs, all, allMs: now() - from }
process.send?.(answers)
await flags.close()
process.disconnect()
