import { Validator } from '@seriousme/openapi-schema-validator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { request, Site } from './site.ts'

interface Described {
  readonly servers: readonly object[]
  readonly paths: Record<
    string,
    Record<string, { readonly operationId: string; readonly security?: readonly object[]; readonly responses: object }>
  >
  readonly components: { readonly schemas: Record<string, { readonly properties: Record<string, object> }> }
}

let site: Site
beforeEach(() => {
  site = new Site()
})
afterEach(() => site.end())

async function documentOf(options: Parameters<Site['handler']>[0] = {}, path = '/openapi.json'): Promise<Described> {
  return (await (await site.handler(options)(request(path))).json()) as Described
}

describe('GET /openapi.json', () => {
  test('is a valid document of OpenAPI 3.1', async () => {
    const validator = new Validator()
    const document = await documentOf()
    expect(await validator.validate(document as never)).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })
})
