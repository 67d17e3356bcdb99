import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isoTimestamp, timestampMs, timestampMsOfAttribute } from '../../src/validate/timestamp.ts'

describe('a timestamp', () => {
  test('is read as the moment it was written for, in every year of four digits', () => {
    const first = new Date('0000-01-01T00:00:00Z').getTime()
    const last = new Date('9999-12-31T23:59:59.999Z').getTime()
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (ms) => {
        expect(timestampMs(isoTimestamp(ms))).toBe(ms)
      }),
      { numRuns: 2_000 },
    )
  })

  test('means the same in every time zone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: -1_439, max: 1_439 }),
        fc.boolean(),
        (ms, offsetMinutes, hasColon) => {
          const zone = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60]
            .map((part) => String(part).padStart(2, '0'))
            .join(hasColon ? ':' : '')
          expect(timestampMs(isoTimestamp(ms + offsetMinutes * 60_000).replace('Z', `${offsetMinutes < 0 ? '-' : '+'}${zone}`))).toBe(ms)
        },
      ),
    )
  })

  test('knows every leap day and no other', () => {
    for (const year of ['1996', '2000', '2024', '2400']) expect(timestampMs(`${year}-02-29T00:00:00Z`), year).toBeDefined()
    for (const year of ['1900', '2023', '2100']) expect(timestampMs(`${year}-02-29T00:00:00Z`), year).toBeUndefined()
  })

  test.each([
    '2026-00-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+00:60',
    '+002026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.1234567890Z',
    ' 2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    'now',
    '',
  ])('is not %j', (text) => {
    expect(timestampMs(text)).toBeUndefined()
  })
})

describe('an attribute', () => {
  test('is a moment as a Date, as milliseconds or as a timestamp', () => {
    const ms = Date.parse('2026-06-01T00:00:00Z')
    for (const value of [new Date(ms), ms, '2026-06-01T00:00:00Z']) expect(timestampMsOfAttribute(value)).toBe(ms)
  })

  test('is no moment as anything else', () => {
    for (const value of [new Date(Number.NaN), 8.64e15 + 1, 'soon', {}, [], true, { getTime: () => 1 }])
      expect(timestampMsOfAttribute(value)).toBeUndefined()
  })
})
