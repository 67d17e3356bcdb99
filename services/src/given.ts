import { probe } from './probe.ts'
import { type Rung, reasonOf, type ServiceKind } from './service.ts'

const VARIABLES = { postgres: 'DATABASE_URL', redis: 'REDIS_URL' } as const

/** A service that the environment names. It is never replaced by another one when it does not answer. */
export function given(kind: ServiceKind, env: NodeJS.ProcessEnv = process.env): Rung {
  return async () => {
    const variable = VARIABLES[kind]
    const url = env[variable]
    if (!url) return { absent: `${variable} is not set` }
    try {
      const product = await probe(kind, url)
      return { kind, url, origin: variable, product, stop: async () => {} }
    } catch (error) {
      throw new Error(`${variable} is set, but what it names does not answer: ${reasonOf(error)}`, { cause: error })
    }
  }
}
