import { type Client, OpenFeature } from '@openfeature/server-sdk'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type FlagstoneProviderOptions, flagstoneProvider, type ProvidedFlags } from '../src/index.ts'

let count = 0

/** A client of the real SDK for `flags`, in a domain of its own. Resolves when the SDK has initialized the provider, even if that failed. */
export async function sdkClient(flags: ProvidedFlags, options?: FlagstoneProviderOptions): Promise<Client> {
  const domain = `served-${++count}`
  await OpenFeature.setProviderAndWait(domain, flagstoneProvider(flags, options)).catch(() => undefined)
  return OpenFeature.getClient(domain)
}

/** Resets the SDK after each test, as it is global to the process, and silences its logger. */
export function resetSdkBetweenTests(): void {
  const silent = (): void => undefined
  beforeAll(() => {
    OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
  })
  afterEach(() => OpenFeature.clearProviders())
  afterAll(() => OpenFeature.clearHandlers())
}
