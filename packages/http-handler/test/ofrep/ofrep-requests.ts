import { type HandlerFixture, jsonRequest, request } from '../handler-fixture.ts'

type Options = Parameters<HandlerFixture['handler']>[0]

export const ALL = '/ofrep/v1/evaluate/flags'

/** Asks for one flag as an OFREP provider does. */
export async function evaluateOne(site: HandlerFixture, key: string, context: unknown, options?: Options): Promise<Response> {
  return await site.handler(options)(request(`${ALL}/${encodeURIComponent(key)}`, jsonRequest({ context })))
}

/** Asks for all flags, with the entity tag that is held if there is one. */
export async function evaluateAll(site: HandlerFixture, context: unknown, held?: string | null, options?: Options): Promise<Response> {
  const headers = typeof held === 'string' ? { 'If-None-Match': held } : {}
  return await site.handler(options)(request(ALL, jsonRequest({ context }, { headers })))
}

/** The answer for each flag, by its key. */
export async function flagsByKey(response: Response): Promise<Record<string, Record<string, unknown>>> {
  const { flags } = (await response.json()) as { flags: { key: string }[] }
  return Object.fromEntries(flags.map((flag) => [flag.key, flag]))
}
