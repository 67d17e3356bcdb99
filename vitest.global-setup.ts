import { type Services, startServices } from '@flagstone/services'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL for all tests: each takes a schema of its own. */
    databaseUrl: string
    /** A Redis for all tests: each takes a key prefix of its own. */
    redisUrl: string
  }
}

let services: Services | undefined

export async function setup(project: TestProject): Promise<void> {
  services = await startServices()
  for (const { product, origin } of [services.postgres, services.redis]) console.log(`services: ${product} from ${origin}`)
  project.provide('databaseUrl', services.postgres.url)
  project.provide('redisUrl', services.redis.url)
}

export async function teardown(): Promise<void> {
  await services?.stop()
}
