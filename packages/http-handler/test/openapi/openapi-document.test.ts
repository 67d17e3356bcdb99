import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HandlerFixture } from '../handler-fixture.ts'
import { request } from '../http-requests.ts'
import { endpointsOf } from './endpoint.ts'
import type { OpenApiDocument } from './openapi-types.ts'

let fixture: HandlerFixture
beforeEach(() => {
  fixture = new HandlerFixture()
})
afterEach(() => fixture.close())

async function documentOf(options: Parameters<HandlerFixture['handler']>[0] = {}, path = '/openapi.json'): Promise<OpenApiDocument> {
  return (await (await fixture.handler(options)(request(path))).json()) as OpenApiDocument
}

describe('GET /openapi.json', () => {
  test.each([{}, { basePath: '/api/v1' }, { public: 'evaluate' }] as const)(
    'with %o is a valid document of OpenAPI 3.1',
    async (options) => {
      const validator = new Validator()
      const document = await documentOf(options, `${'basePath' in options ? options.basePath : ''}/openapi.json`)
      expect(await validator.validate(document as never)).toEqual({ valid: true })
      expect(validator.version).toBe('3.1')
    },
  )

  test('describes each operation once, and only paths that exist', async () => {
    const document = await documentOf()
    const ids = endpointsOf(document).map(({ operation }) => operation.operationId)
    expect(ids.sort()).toEqual(
      [
        'createFlag',
        'createSegment',
        'deleteFlag',
        'deleteSegment',
        'describe',
        'evaluateFlag',
        'explainFlag',
        'getFlag',
        'getFlagHistory',
        'getSegment',
        'getSegmentHistory',
        'listFlags',
        'listSegments',
        'streamEvents',
        'updateFlag',
        'updateSegment',
      ].sort(),
    )
    for (const path of Object.keys(document.paths)) {
      const allowed = (await fixture.send(path.replace('{name}', 'first'), { method: 'OPTIONS' })).headers.get('allow')
      const methods = Object.keys(document.paths[path] ?? {}).map((method) => method.toUpperCase())
      expect(allowed?.split(', ').filter((method) => !['HEAD', 'OPTIONS'].includes(method))).toEqual(methods)
    }
  })

  test('describes how each operation refuses a request without the right', async () => {
    for (const { operation } of endpointsOf(await documentOf())) {
      expect(operation.responses).toMatchObject({
        401: { description: 'UNAUTHENTICATED', headers: { 'WWW-Authenticate': {} } },
        403: { description: 'FORBIDDEN' },
      })
    }
  })

  test('describes public operations as without credentials and without 401 and 403', async () => {
    for (const { operation } of endpointsOf(await documentOf({ public: 'evaluate' }))) {
      const isOpen = operation.security?.length === 0
      expect([operation.operationId, '401' in operation.responses, '403' in operation.responses]).toEqual([
        operation.operationId,
        !isOpen,
        !isOpen,
      ])
    }
  })

  test('describes the headers that an operation reads and sends', async () => {
    const heeded = async (options = {}): Promise<Record<string, readonly string[]>> => {
      const places = endpointsOf(await documentOf(options)).map(({ operation: { operationId, parameters = [] } }) => {
        return [operationId, parameters.flatMap((parameter) => (parameter.in === 'header' ? parameter.name : []))] as const
      })
      return Object.fromEntries(places.filter(([, names]) => names.length > 0))
    }
    const writes = Object.fromEntries(['updateFlag', 'deleteFlag', 'updateSegment', 'deleteSegment'].map((id) => [id, ['If-Match']]))
    expect(await heeded()).toEqual({ ...writes, streamEvents: ['Last-Event-ID'], evaluateFlag: ['If-None-Match'] })
    expect(await heeded({ cache: false })).toEqual({ ...writes, streamEvents: ['Last-Event-ID'] })
    const operation = (await documentOf()).paths['/flags']?.['post']
    expect(operation?.responses['415']).toMatchObject({ headers: { Accept: {} } })
    expect(operation?.responses['503']).toMatchObject({ headers: { 'Retry-After': {} } })
  })

  test('lists no store problems for operations without the store', async () => {
    const document = await documentOf()
    expect(document.paths['/openapi.json']?.['get']?.responses).not.toHaveProperty('503')
    expect(document.paths['/events']?.['get']?.responses['503']).toMatchObject({ description: 'CLOSED' })
  })

  test('names the base path', async () => {
    expect((await documentOf()).servers).toEqual([{ url: '/' }])
    expect((await documentOf({ basePath: '/api' }, '/api/openapi.json')).servers).toEqual([{ url: '/api' }])
  })

  test('marks what needs no authorization', async () => {
    const open = (document: OpenApiDocument): string[] =>
      endpointsOf(document).flatMap(({ operation }) => (operation.security?.length === 0 ? [operation.operationId] : []))
    expect(open(await documentOf())).toEqual([])
    expect(open(await documentOf({ public: 'evaluate' })).sort()).toEqual(['describe', 'evaluateFlag', 'streamEvents'])
  })

  test('rejects what the schemas reject, if JSON Schema can express it', async () => {
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    ajv.addSchema({ $id: 'document', ...(await documentOf()) })
    const takes = (name: string, value: unknown): boolean => ajv.validate({ $ref: `document#/components/schemas/${name}` }, value)
    const flag = {
      name: 'a',
      rollout: 33.333,
      rules: [{ when: [{ attribute: 'x', operator: 'exists' }] }],
      expiresAt: '2026-01-01T00:00:00Z',
    }
    expect(takes('NewFlag', flag)).toBe(true)
    expect(takes('FlagPatch', { owner: null, rollout: 1 })).toBe(true)
    expect(takes('NewSegment', { name: 'a', members: ['ada'] })).toBe(true)
    const wrong: readonly (readonly [string, object])[] = [
      ['NewFlag', {}],
      ['NewFlag', { name: 'a/b' }],
      ['NewFlag', { name: 'a', rolout: 1 }],
      ['NewFlag', { name: 'a', rollout: 101 }],
      ['NewFlag', { name: 'a', rollout: -1 }],
      ['NewFlag', { name: 'a', owner: '' }],
      ['NewFlag', { name: 'a', owner: null }],
      ['NewFlag', { name: 'a', expiresAt: 'tomorrow' }],
      ['NewFlag', { name: 'a', salt: 'a:b' }],
      ['NewFlag', { name: 'a', tags: Array(51).fill('x') }],
      ['NewFlag', { name: 'a', requires: Array(51).fill({ flag: 'b' }) }],
      ['NewFlag', { name: 'a', variants: [{ name: 'b', value: 1, weight: 1_000_001 }] }],
      ['NewFlag', { name: 'a', rules: [{ when: [{ attribute: 'x', operator: 'is' }] }] }],
      ['FlagPatch', { rollout: null }],
      ['NewSegment', { name: 'a', members: [''] }],
      ['NewSegment', { name: 'a', members: Array(10_001).fill('x') }],
      ['SegmentPatch', { members: [7] }],
    ]
    for (const [name, value] of wrong) expect([name, value, takes(name, value)]).toEqual([name, value, false])
  })
})
