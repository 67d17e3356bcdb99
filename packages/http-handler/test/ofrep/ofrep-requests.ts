import type { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, request } from '../http-requests.ts'

type Options = Parameters<HandlerFixture['handler']>[0]

export const ALL = '/ofrep/v1/evaluate/flags'

/** Requests one flag like an OFREP provider. */
export async function evaluateOne(fixture: HandlerFixture, key: string, context: unknown, options?: Options): Promise<Response> {
  return await fixture.handler(options)(request(`${ALL}/${encodeURIComponent(key)}`, jsonRequest({ context })))
}

/** Requests all flags, with `If-None-Match` if `heldTag` is given. */
export async function evaluateAll(
  fixture: HandlerFixture,
  context: unknown,
  heldTag?: string | null,
  options?: Options,
): Promise<Response> {
  const headers = typeof heldTag === 'string' ? { 'If-None-Match': heldTag } : {}
  return await fixture.handler(options)(request(ALL, jsonRequest({ context }, { headers })))
}

/** The results in a response for all flags, by key. */
export async function flagsByKey(response: Response): Promise<Record<string, Record<string, unknown>>> {
  const { flags } = (await response.json()) as { flags: { key: string }[] }
  return Object.fromEntries(flags.map((flag) => [flag.key, flag]))
}
