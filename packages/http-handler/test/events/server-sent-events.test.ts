import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatEventId, parseEventId } from '../../src/events/event-id.ts'
import { changeEvent, connectedEvent, refetchAllEvent } from '../../src/events/server-sent-events.ts'
import { parseEvents } from './event-reader.ts'

// Names and ids are checked when they are written; here they are anything that may have got into the log past all checks.
const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('\r', '\n', '\r\n', '\0', '\u2028', '\u2029', '\u0085', ':', ' ', 'id', 'data', 'event', 'retry', 'x', '"', '\\'),
    )
    .map((parts) => parts.join('')),
)
const version = fc.nat(Number.MAX_SAFE_INTEGER)

describe('with any characters in a name or an id', () => {
  test('a change is one event of three lines, and parses to the same values', () => {
    fc.assert(
      fc.property(version, anything, anything, (version, id, flag) => {
        const text = changeEvent({ version, id, flag })
        expect(text.split(/\r\n|\r|\n/)).toHaveLength(4)
        expect(text).toMatch(/^id: \d+(\.[\w-]{1,64})?\ndata: \{"type":"refetchEvaluation",.*\}\n\n$/s)
        const [event, ...more] = parseEvents(text)
        expect(more).toEqual([])
        const what = flag.startsWith('segment:') ? { segment: flag.slice('segment:'.length) } : { flag }
        expect(event?.data).toEqual({ type: 'refetchEvaluation', etag: String(version), ...what, version })
      }),
      { numRuns: 2_000 },
    )
  })

  test('the position in the event id is parsed again', () => {
    fc.assert(
      fc.property(version, anything, (version, id) => {
        const place = parseEventId(formatEventId({ version, id }))
        expect(place).toEqual(/^[\w-]{1,64}$/.test(id) ? { version, id } : { version })
        for (const text of [connectedEvent({ version, id }), refetchAllEvent({ version, id })]) expect(parseEvents(text)).toHaveLength(1)
      }),
      { numRuns: 1_000 },
    )
  })

  test('the longest event has fewer than 400 bytes', () => {
    const name = `segment:${'x'.repeat(128)}`
    const text = changeEvent({ version: Number.MAX_SAFE_INTEGER, id: 'x'.repeat(64), flag: name })
    expect(Buffer.byteLength(text)).toBeLessThan(400)
  })
})
