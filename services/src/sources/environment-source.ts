import { errorReason } from '../service/error-reason.ts'
import { probe } from '../service/probe.ts'
import type { ServiceKind } from '../service/service.ts'
import type { ServiceSource } from './service-source.ts'

const VARIABLES = { postgres: 'DATABASE_URL', redis: 'REDIS_URL' } as const

/** The service that `DATABASE_URL` or `REDIS_URL` names. If it does not answer, this throws, so that no other service is used instead. */
export function environmentSource(kind: ServiceKind, env: NodeJS.ProcessEnv = process.env): ServiceSource {
  return async () => {
    const variable = VARIABLES[kind]
    const url = env[variable]
    if (!url) return { absent: `${variable} is not set` }
    try {
      const product = await probe(kind, url)
      return { kind, url, origin: variable, product, stop: async () => {} }
    } catch (error) {
      throw new Error(`${variable} is set, but what it names does not answer: ${errorReason(error)}`, { cause: error })
    }
  }
}
