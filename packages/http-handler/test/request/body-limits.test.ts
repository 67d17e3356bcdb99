import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { HandlerFixture } from '../handler-fixture.ts'
import { jsonRequest, readProblem, request } from '../http-requests.ts'

let fixture: HandlerFixture
beforeEach(async () => {
  fixture = new HandlerFixture()
  await fixture.store.create({ name: 'first' })
})
afterEach(() => fixture.close())

/** A body that records how it is read. */
class Source {
  pulled = 0
  cancelled = false
  readonly stream: ReadableStream<Uint8Array>

  /** `chunk` returns the next chunk; `undefined` ends the body. */
  constructor(chunk: (number: number) => Uint8Array | undefined | Promise<Uint8Array | undefined>) {
    this.stream = new ReadableStream(
      {
        pull: async (controller) => {
          const next = await chunk(this.pulled++)
          if (next === undefined) controller.close()
          else controller.enqueue(next)
        },
        cancel: () => {
          this.cancelled = true
        },
      },
      { highWaterMark: 0 },
    )
  }

  request(init: RequestInit = {}): Request {
    const streamed = { method: 'POST', body: this.stream, duplex: 'half', headers: { 'Content-Type': 'application/json' }, ...init }
    return request('/flags/first/update', streamed as RequestInit)
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const forever = (): Promise<undefined> => new Promise(() => undefined)

async function unwritten(): Promise<void> {
  expect(await fixture.flags.admin.get('first')).toMatchObject({ version: 1 })
}

describe('a body that is too large', () => {
  /** A patch of exactly this many bytes. */
  const patchOf = (size: number): string => JSON.stringify({ description: 'x', rollout: 1 }).padEnd(size, ' ')

  test('by one byte is refused, and one of exactly the limit is accepted', async () => {
    const handler = fixture.handler({ maxBodyBytes: 1_000 })
    const response = await handler(request('/flags/first/update', jsonRequest(patchOf(1_001))))
    expect(response.status).toBe(413)
    expect(await readProblem(response)).toMatchObject({
      code: 'BODY_TOO_LARGE',
      title: 'Content Too Large',
      detail: expect.stringContaining('1,000'),
    })
    await unwritten()
    expect((await handler(request('/flags/first/update', jsonRequest(patchOf(1_000))))).status).toBe(200)
  })

  test('has more than 100,000 bytes by default', async () => {
    expect((await fixture.send('/flags/first/update', jsonRequest(patchOf(100_001)))).status).toBe(413)
    expect((await fixture.send('/flags/first/update', jsonRequest(patchOf(100_000)))).status).toBe(200)
  })

  test('counts bytes, not characters', async () => {
    const handler = fixture.handler({ maxBodyBytes: 100 })
    expect((await handler(request('/flags/first/update', jsonRequest({ description: '€'.repeat(40) })))).status).toBe(413)
  })

  test('is not read if it declares its length', async () => {
    const source = new Source(() => bytes('x'.repeat(1_000)))
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '100001' }
    expect((await fixture.handler()(source.request({ headers }))).status).toBe(413)
    expect(source.pulled).toBe(0)
  })

  test('is read no further than the limit if it declares no length', async () => {
    const source = new Source(() => bytes(' '.repeat(10_000)))
    expect((await fixture.handler()(source.request())).status).toBe(413)
    expect([source.pulled, source.cancelled]).toEqual([11, true])
    await unwritten()
  })

  test('is noticed if it declares too low a length', async () => {
    const source = new Source(() => bytes(' '.repeat(10_000)))
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '2' }
    expect((await fixture.handler()(source.request({ headers }))).status).toBe(413)
  })

  test('is not read if the request is refused before', async () => {
    const source = new Source(() => bytes('{}'))
    expect((await fixture.handler({ authorize: () => false })(source.request())).status).toBe(403)
    expect(source.pulled).toBe(0)
  })
})

describe('a body that comes slowly', () => {
  test('in single bytes is put together', async () => {
    const text = JSON.stringify({ description: 'größer als €' })
    const all = bytes(text)
    const source = new Source((number) => (number < all.length ? all.slice(number, number + 1) : undefined))
    const response = await fixture.handler()(source.request())
    expect(await response.json()).toMatchObject({ flag: { description: 'größer als €' } })
  })

  test('is waited for no longer than 10 s', async () => {
    const source = new Source((number) => (number === 0 ? bytes('{') : forever()))
    const answered = fixture.handler()(source.request())
    await fixture.clock.advance(9_999)
    expect(source.cancelled).toBe(false)
    await fixture.clock.advance(1)
    const response = await answered
    expect(response.status).toBe(408)
    expect(await readProblem(response)).toMatchObject({ code: 'BODY_TIMEOUT' })
    expect(source.cancelled).toBe(true)
    await unwritten()
  })

  test('is waited for as long as the option says, in all and not from byte to byte', async () => {
    let more = (): void => undefined
    const source = new Source(async () => {
      await new Promise<void>((resolve) => {
        more = resolve
      })
      return bytes(' ')
    })
    const answered = fixture.handler({ bodyTimeoutMs: 500 })(source.request())
    for (let passed = 0; passed < 500; passed += 100) {
      more()
      await fixture.clock.advance(100)
    }
    expect((await answered).status).toBe(408)
  })

  test('leaves no timer behind once it has arrived', async () => {
    const before = fixture.clock.pending
    await fixture.send('/flags/first/update', jsonRequest({ rollout: 1 }))
    expect(fixture.clock.pending).toBe(before)
  })
})

describe('a client that goes away', () => {
  test('while its body is read writes nothing, and its body is cancelled', async () => {
    const away = new AbortController()
    const source = new Source((number) => (number === 0 ? bytes('{"rollout": 100') : forever()))
    const answered = fixture.handler()(source.request({ signal: away.signal }))
    await settle()
    away.abort()
    expect(await readProblem(await answered)).toMatchObject({ code: 'REQUEST_ABORTED' })
    await unwritten()
    expect(fixture.reportedErrors).toEqual([])
  })

  test('with a body that breaks off writes nothing', async () => {
    const source = new Source((number) => {
      if (number === 0) return bytes('{"rollout": 100}')
      throw new Error('socket hang up')
    })
    expect(await readProblem(await fixture.handler()(source.request()))).toMatchObject({ code: 'REQUEST_ABORTED' })
    await unwritten()
    expect(fixture.reportedErrors).toEqual([])
  })

  test('while authorize decides writes nothing', async () => {
    for (const [path, init] of [
      ['/flags/first/update', jsonRequest({ rollout: 100 })],
      ['/flags', jsonRequest({ name: 'second' })],
      ['/flags/first', { method: 'DELETE' }],
    ] as const) {
      const away = new AbortController()
      const authorize = async (): Promise<boolean> => {
        away.abort()
        return true
      }
      const response = await fixture.handler({ authorize })(request(path, { ...init, signal: away.signal }))
      expect(await readProblem(response)).toMatchObject({ code: 'REQUEST_ABORTED' })
    }
    expect(await fixture.flags.admin.list()).toEqual([expect.objectContaining({ name: 'first', version: 1 })])
  })

  test('during its write leaves a complete change behind', async () => {
    const away = new AbortController()
    const answered = fixture.handler()(request('/flags/first/update', jsonRequest({ rollout: 100 }, { signal: away.signal })))
    await settle(1)
    away.abort()
    await answered
    const flag = await fixture.flags.admin.get('first')
    expect([
      [1, 0],
      [2, 100],
    ]).toContainEqual([flag?.version, flag?.rollout])
  })
})

test('10,000 concurrent requests are all answered, with one load of the flag', async () => {
  const handler = fixture.handler()
  const before = fixture.flags.stats().store.reads
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, async (_, number) => {
      const response = await handler(request(`/flags/first?user_id=user-${number}`))
      return [response.status, ((await response.json()) as { targetingKey: string }).targetingKey]
    }),
  )
  expect(answers.filter(([status, key], number) => status !== 200 || key !== `user-${number}`)).toEqual([])
  expect(fixture.flags.stats().store.reads - before).toBe(1)
})
