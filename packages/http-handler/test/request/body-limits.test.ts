import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { HandlerFixture, jsonRequest, readProblem, request } from '../handler-fixture.ts'

let site: HandlerFixture
beforeEach(async () => {
  site = new HandlerFixture()
  await site.store.create({ name: 'first' })
})
afterEach(() => site.close())

/** A body that tells how it is read. */
class Source {
  pulled = 0
  cancelled = false
  readonly stream: ReadableStream<Uint8Array>

  /** `chunk` says what comes next; `undefined` ends it. */
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
  expect(await site.flags.admin.get('first')).toMatchObject({ version: 1 })
}

describe('a body that is too large', () => {
  /** A patch of exactly so many bytes. */
  const patchOf = (size: number): string => JSON.stringify({ description: 'x', rollout: 1 }).padEnd(size, ' ')

  test('by one byte is refused, and one that just fits is taken', async () => {
    const handler = site.handler({ maxBodyBytes: 1_000 })
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
    expect((await site.send('/flags/first/update', jsonRequest(patchOf(100_001)))).status).toBe(413)
    expect((await site.send('/flags/first/update', jsonRequest(patchOf(100_000)))).status).toBe(200)
  })

  test('counts bytes, not characters', async () => {
    const handler = site.handler({ maxBodyBytes: 100 })
    expect((await handler(request('/flags/first/update', jsonRequest({ description: '€'.repeat(40) })))).status).toBe(413)
  })

  test('is not read where its length is given', async () => {
    const source = new Source(() => bytes('x'.repeat(1_000)))
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '100001' }
    expect((await site.handler()(source.request({ headers }))).status).toBe(413)
    expect(source.pulled).toBe(0)
  })

  test('is read no further than the limit where it comes without a length', async () => {
    const source = new Source(() => bytes(' '.repeat(10_000)))
    expect((await site.handler()(source.request())).status).toBe(413)
    expect([source.pulled, source.cancelled]).toEqual([11, true])
    await unwritten()
  })

  test('is noticed where its length is given too low', async () => {
    const source = new Source(() => bytes(' '.repeat(10_000)))
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '2' }
    expect((await site.handler()(source.request({ headers }))).status).toBe(413)
  })

  test('is not read at all where the request is refused before', async () => {
    const source = new Source(() => bytes('{}'))
    expect((await site.handler({ authorize: () => false })(source.request())).status).toBe(403)
    expect(source.pulled).toBe(0)
  })
})

describe('a body that comes slowly', () => {
  test('in single bytes is put together', async () => {
    const text = JSON.stringify({ description: 'größer als €' })
    const all = bytes(text)
    const source = new Source((number) => (number < all.length ? all.slice(number, number + 1) : undefined))
    const response = await site.handler()(source.request())
    expect(await response.json()).toMatchObject({ flag: { description: 'größer als €' } })
  })

  test('is waited for no longer than 10 s', async () => {
    const source = new Source((number) => (number === 0 ? bytes('{') : forever()))
    const answered = site.handler()(source.request())
    await site.clock.advance(9_999)
    expect(source.cancelled).toBe(false)
    await site.clock.advance(1)
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
    const answered = site.handler({ bodyTimeoutMs: 500 })(source.request())
    for (let passed = 0; passed < 500; passed += 100) {
      more()
      await site.clock.advance(100)
    }
    expect((await answered).status).toBe(408)
  })

  test('leaves no timer behind once it is there', async () => {
    const before = site.clock.pending
    await site.send('/flags/first/update', jsonRequest({ rollout: 1 }))
    expect(site.clock.pending).toBe(before)
  })
})

describe('a client that goes away', () => {
  test('while its body is read writes nothing, and its body is let go', async () => {
    const away = new AbortController()
    const source = new Source((number) => (number === 0 ? bytes('{"rollout": 100') : forever()))
    const answered = site.handler()(source.request({ signal: away.signal }))
    await settle()
    away.abort()
    expect(await readProblem(await answered)).toMatchObject({ code: 'REQUEST_ABORTED' })
    await unwritten()
    expect(site.reportedErrors).toEqual([])
  })

  test('with a body that breaks off writes nothing', async () => {
    const source = new Source((number) => {
      if (number === 0) return bytes('{"rollout": 100}')
      throw new Error('socket hang up')
    })
    expect(await readProblem(await site.handler()(source.request()))).toMatchObject({ code: 'REQUEST_ABORTED' })
    await unwritten()
    expect(site.reportedErrors).toEqual([])
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
      const response = await site.handler({ authorize })(request(path, { ...init, signal: away.signal }))
      expect(await readProblem(response)).toMatchObject({ code: 'REQUEST_ABORTED' })
    }
    expect(await site.flags.admin.list()).toEqual([expect.objectContaining({ name: 'first', version: 1 })])
  })

  test('while its write is under way leaves a whole change behind', async () => {
    const away = new AbortController()
    const answered = site.handler()(request('/flags/first/update', jsonRequest({ rollout: 100 }, { signal: away.signal })))
    await settle(1)
    away.abort()
    await answered
    const flag = await site.flags.admin.get('first')
    expect([
      [1, 0],
      [2, 100],
    ]).toContainEqual([flag?.version, flag?.rollout])
  })
})

test('10,000 requests in flight are each answered, with one load of the flag', async () => {
  const handler = site.handler()
  const before = site.flags.stats().store.reads
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, async (_, number) => {
      const response = await handler(request(`/flags/first?user_id=user-${number}`))
      return [response.status, ((await response.json()) as { targetingKey: string }).targetingKey]
    }),
  )
  expect(answers.filter(([status, key], number) => status !== 200 || key !== `user-${number}`)).toEqual([])
  expect(site.flags.stats().store.reads - before).toBe(1)
})
