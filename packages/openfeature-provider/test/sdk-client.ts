import { type Client, OpenFeature } from '@openfeature/server-sdk'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type FlagstoneProviderOptions, flagstoneProvider, type ProvidedFlags } from '../src/index.ts'

let count = 0

/** A client of the real SDK, in a domain of its own, over `flags`. Resolves when the SDK has initialised the provider, well or badly. */
export async function sdkClient(flags: ProvidedFlags, options?: FlagstoneProviderOptions): Promise<Client> {
  const domain = `served-${++count}`
  await OpenFeature.setProviderAndWait(domain, flagstoneProvider(flags, options)).catch(() => undefined)
  return OpenFeature.getClient(domain)
}

/** Each test leaves the SDK, which is one for the whole process, as it found it; and the SDK prints nothing. */
export function resetSdkBetweenTests(): void {
  const silent = (): void => undefined
  beforeAll(() => {
    OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
  })
  afterEach(() => OpenFeature.clearProviders())
  afterAll(() => OpenFeature.clearHandlers())
}
