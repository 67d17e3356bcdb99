import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { readProblem, request } from '../http-requests.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

let fixture: EventsFixture
beforeEach(async () => {
  fixture = new EventsFixture()
  for (const name of ['a', 'b']) await fixture.store.create({ name })
})
afterEach(() => fixture.close())

describe('GET /events', () => {
  test('has headers against buffering and caching', async () => {
    const response = await fixture.clock.until(fixture.eventsHandler(request('/events')))
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    })
  })

  test('begins with the retry delay and the version from which on changes are sent', async () => {
    const reader = await fixture.openStream()
    expect(reader.text).toMatch(/^retry: [234]\d\d\d\n\nid: 2\.[\w-]{36}\ndata: \{"type":"connected","version":2\}\n\n$/)
  })

  test('sends the name and version of each changed flag or segment, and nothing else of it', async () => {
    const reader = await fixture.openStream()
    await fixture.flags.admin.update('a', { rollout: 12.5, description: 'secret' }, { actor: 'grace', reason: 'why' })
    await fixture.store.segments.create({ name: 'staff', members: ['oscar'] })
    await fixture.flags.admin.delete('b')
    await settle()
    const log = await fixture.flags.admin.changes({ after: { version: 2 } })
    const ids = log.kind === 'changes' ? log.changes.map(({ version, id }) => `${version}.${id}`) : []
    expect(reader.events.slice(1)).toEqual([
      { id: ids[0], data: { type: 'refetchEvaluation', etag: '3', flag: 'a', version: 3 } },
      { id: ids[1], data: { type: 'refetchEvaluation', etag: '4', segment: 'staff', version: 4 } },
      { id: ids[2], data: { type: 'refetchEvaluation', etag: '5', flag: 'b', version: 5 } },
    ])
    // Words that cannot occur in the random ids, which are hexadecimal.
    expect(reader.text).not.toMatch(/secret|12\.5|grace|oscar|why/)
  })

  test('sends changes of other processes to every client', async () => {
    const readers = [await fixture.openStream(), await fixture.openStream(), await fixture.openStream()]
    await fixture.changeElsewhere('a', 'b', 'a')
    expect(readers.map(({ changes }) => changes)).toEqual(Array(3).fill(['a@3', 'b@4', 'a@5']))
  })

  test('reads the log once for all clients', async () => {
    let reads = 0
    const { admin } = fixture.flags
    const changes = admin.changes.bind(admin)
    admin.changes = (page) => {
      reads++
      return changes(page)
    }
    const readers = [await fixture.openStream(), await fixture.openStream(), await fixture.openStream()]
    expect(reads).toBe(1)
    await fixture.changeElsewhere('a')
    expect([reads, readers[2]?.changes]).toEqual([2, ['a@3']])
  })

  test('needs the operation events, of kind evaluate', async () => {
    const asked: unknown[] = []
    const handler = fixture.handler({
      authorize: (_, action) => {
        asked.push(action)
        return false
      },
    })
    expect(await readProblem(await handler(request('/events')))).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(asked).toEqual([{ kind: 'evaluate', operation: 'events', subject: 'flag' }])
    handler.close()
  })

  test('is open to everybody if evaluation is public', async () => {
    const handler = fixture.handler({ public: 'evaluate', authorize: () => false })
    const reader = new EventReader(await fixture.clock.until(handler(request('/events'))))
    await settle()
    expect(reader.types).toEqual(['connected'])
    handler.close()
  })

  test('answers HEAD without opening a stream', async () => {
    const pending = fixture.clock.pending
    const response = await fixture.eventsHandler(request('/events', { method: 'HEAD' }))
    expect([response.status, response.body, response.headers.get('content-type')]).toEqual([200, null, 'text/event-stream'])
    await settle()
    expect(fixture.clock.pending).toBe(pending)
  })

  test('accepts no parameter but last_event_id, and no other method', async () => {
    expect(await readProblem(await fixture.eventsHandler(request('/events?user_id=ada')))).toMatchObject({ code: 'INVALID_QUERY' })
    expect(await readProblem(await fixture.eventsHandler(request('/events', { method: 'POST' })))).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
    })
  })
})
