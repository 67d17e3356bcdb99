import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { flagsHandler, type HandlerOptions } from '../src/index.ts'
import { HandlerFixture } from './handler-fixture.ts'
import { request } from './http-requests.ts'

let fixture: HandlerFixture
beforeEach(() => {
  fixture = new HandlerFixture()
})
afterEach(() => fixture.close())

function made(options: object): () => unknown {
  return () => flagsHandler({ flags: fixture.flags, public: 'evaluate', ...options } as HandlerOptions)
}

describe('options', () => {
  test.each([
    [{ flags: undefined }, 'flags'],
    [{ flags: {} }, 'flags'],
    [{ authorize: true }, 'authorize'],
    [{ authorize: null }, 'authorize'],
    [{ public: 'all' }, 'public'],
    [{ public: true }, 'public'],
    [{ basePath: 'api' }, 'basePath'],
    [{ basePath: '/' }, 'basePath'],
    [{ basePath: '/api/' }, 'basePath'],
    [{ basePath: '/a//b' }, 'basePath'],
    [{ basePath: '/../b' }, 'basePath'],
    [{ basePath: '/:id' }, 'basePath'],
    [{ basePath: '/*' }, 'basePath'],
    [{ basePath: '/a\r\nb' }, 'basePath'],
    [{ basePath: 7 }, 'basePath'],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes'],
    [{ maxBodyBytes: 1.5 }, 'maxBodyBytes'],
    [{ maxBodyBytes: Number.POSITIVE_INFINITY }, 'maxBodyBytes'],
    [{ maxBodyBytes: 10_000_001 }, '10,000,000'],
    [{ bodyTimeoutMs: 0 }, 'bodyTimeoutMs'],
    [{ bodyTimeoutMs: '1' }, 'bodyTimeoutMs'],
    [{ eventStreamUrl: '' }, 'eventStreamUrl'],
    [{ eventStreamUrl: 'events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: '//elsewhere.example/events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: '/\\elsewhere.example/events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: '/api/../events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: '/events?last_event_id=7' }, 'eventStreamUrl'],
    [{ eventStreamUrl: '/events#here' }, 'eventStreamUrl'],
    [{ eventStreamUrl: '/a\r\nb' }, 'eventStreamUrl'],
    [{ eventStreamUrl: 'ftp://flags.example/events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: 'javascript:/events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: 'https://ada:secret@flags.example/events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: 'https://Flags.example/events' }, 'eventStreamUrl'],
    [{ eventStreamUrl: 'https://flags.example/events?' }, 'eventStreamUrl'],
    [{ eventStreamUrl: new URL('https://flags.example/events') }, 'eventStreamUrl'],
    [{ eventStreamUrl: null }, 'eventStreamUrl'],
    [{ cors: true }, 'cors'],
    [{ cors: {} }, 'cors.origins'],
    [{ cors: { origins: [] } }, 'cors.origins'],
    [{ cors: { origins: 'https://app.example' } }, 'cors.origins'],
    [{ cors: { origins: ['app.example'] } }, 'cors.origins'],
    [{ cors: { origins: ['https://app.example/'] } }, 'cors.origins'],
    [{ cors: { origins: ['null'] } }, 'cors.origins'],
    [{ onError: 'log' }, 'onError'],
    [{ clock: {} }, 'clock'],
    [{ authorise: () => true }, 'authorise'],
  ])('%o are refused, and the message names the option', (options, named) => {
    expect(made(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(named) }))
  })

  test.each([undefined, null, 7])('%j is refused', (options) => {
    expect(() => flagsHandler(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })

  test.each([
    { basePath: '' },
    { basePath: '/api/v1.2' },
    { maxBodyBytes: 1 },
    { bodyTimeoutMs: 600_000 },
    { eventStreamUrl: undefined },
    { eventStreamUrl: '/events' },
    { eventStreamUrl: '/api/v1.2/events' },
    { eventStreamUrl: 'http://localhost:3000/events' },
    { eventStreamUrl: 'https://flags.example/api/events' },
    { cors: { origins: ['*'] } },
    { cors: { origins: ['http://localhost:5173'] } },
    { authorize: undefined },
  ])('%o are accepted', (options) => {
    expect(made(options)).not.toThrow()
  })

  test('are read once: a later change of the object allows nothing', async () => {
    const options: { flags: typeof fixture.flags; authorize(): boolean; public?: 'evaluate' } = {
      flags: fixture.flags,
      authorize: () => false,
    }
    const handler = flagsHandler(options)
    options.public = 'evaluate'
    options.authorize = () => true
    expect((await handler(request('/flags/first'))).status).toBe(403)
  })
})
