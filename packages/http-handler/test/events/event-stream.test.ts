import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settle } from '../../../core/test/manual-clock.ts'
import { readProblem, request } from '../handler-fixture.ts'
import { EventReader } from './event-reader.ts'
import { EventsFixture } from './events-fixture.ts'

let site: EventsFixture
beforeEach(async () => {
  site = new EventsFixture()
  for (const name of ['a', 'b']) await site.store.create({ name })
})
afterEach(() => site.close())

describe('GET /events', () => {
  test('is a stream that nothing on the way may keep back or keep', async () => {
    const response = await site.clock.until(site.eventsHandler(request('/events')))
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    })
  })

  test('begins with when to come back, and from which version on changes are told', async () => {
    const reader = await site.openStream()
    expect(reader.text).toMatch(/^retry: [234]\d\d\d\n\nid: 2\.[\w-]{36}\ndata: \{"type":"connected","version":2\}\n\n$/)
  })

  test('tells each change of a flag or a segment, by name and version, and nothing of what it holds', async () => {
    const reader = await site.openStream()
    await site.flags.admin.update('a', { rollout: 12.5, description: 'secret' }, { actor: 'grace', reason: 'why' })
    await site.store.segments.create({ name: 'staff', members: ['oscar'] })
    await site.flags.admin.delete('b')
    await settle()
    const log = await site.flags.admin.changes({ after: { version: 2 } })
    const ids = log.kind === 'changes' ? log.changes.map(({ version, id }) => `${version}.${id}`) : []
    expect(reader.events.slice(1)).toEqual([
      { id: ids[0], data: { type: 'refetchEvaluation', etag: '3', flag: 'a', version: 3 } },
      { id: ids[1], data: { type: 'refetchEvaluation', etag: '4', segment: 'staff', version: 4 } },
      { id: ids[2], data: { type: 'refetchEvaluation', etag: '5', flag: 'b', version: 5 } },
    ])
    // Words that no random id has in it: those are hexadecimal.
    expect(reader.text).not.toMatch(/secret|12\.5|grace|oscar|why/)
  })

  test('tells of changes that other processes make, to everybody who listens', async () => {
    const readers = [await site.openStream(), await site.openStream(), await site.openStream()]
    await site.changeElsewhere('a', 'b', 'a')
    expect(readers.map(({ changes }) => changes)).toEqual(Array(3).fill(['a@3', 'b@4', 'a@5']))
  })

  test('reads the log once for all who listen', async () => {
    let reads = 0
    const { admin } = site.flags
    const changes = admin.changes.bind(admin)
    admin.changes = (page) => {
      reads++
      return changes(page)
    }
    const readers = [await site.openStream(), await site.openStream(), await site.openStream()]
    expect(reads).toBe(1)
    await site.changeElsewhere('a')
    expect([reads, readers[2]?.changes]).toEqual([2, ['a@3']])
  })

  test('is asked for as events, which is of kind evaluate', async () => {
    const asked: unknown[] = []
    const handler = site.handler({
      authorize: (_, action) => {
        asked.push(action)
        return false
      },
    })
    expect(await readProblem(await handler(request('/events')))).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(asked).toEqual([{ kind: 'evaluate', operation: 'events', subject: 'flag' }])
    handler.close()
  })

  test('is open to everybody where evaluation is public', async () => {
    const handler = site.handler({ public: 'evaluate', authorize: () => false })
    const reader = new EventReader(await site.clock.until(handler(request('/events'))))
    await settle()
    expect(reader.types).toEqual(['connected'])
    handler.close()
  })

  test('answers HEAD without opening a stream', async () => {
    const pending = site.clock.pending
    const response = await site.eventsHandler(request('/events', { method: 'HEAD' }))
    expect([response.status, response.body, response.headers.get('content-type')]).toEqual([200, null, 'text/event-stream'])
    await settle()
    expect(site.clock.pending).toBe(pending)
  })

  test('takes no parameter but last_event_id, and no other method', async () => {
    expect(await readProblem(await site.eventsHandler(request('/events?user_id=ada')))).toMatchObject({ code: 'INVALID_QUERY' })
    expect(await readProblem(await site.eventsHandler(request('/events', { method: 'POST' })))).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
    })
  })
})
