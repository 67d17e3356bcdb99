const ISO = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS

/** The most milliseconds before or after 1970 that a `Date` can hold. */
const MAX_MS = 8.64e15

/**
 * Milliseconds since 1970 of an ISO 8601 timestamp with a time zone, such as `2026-12-31T00:00:00Z`; `undefined` for anything else, also for
 * a day that its month does not have. Fractions finer than milliseconds are cut off.
 */
export function timestampMs(text: string): number | undefined {
  const found = ISO.exec(text)
  if (found === null) return undefined
  const [year, month, day] = [numberIn(found, 1), numberIn(found, 2), numberIn(found, 3)]
  const [hour, minute, second] = [numberIn(found, 4), numberIn(found, 5), numberIn(found, 6)]
  const [zoneHour, zoneMinute] = [numberIn(found, 9), numberIn(found, 10)]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined
  const milliseconds = Number((found[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offsetMinutes = (zoneHour * 60 + zoneMinute) * (found[8] === '-' ? -1 : 1)
  return daysSince1970(year, month, day) * DAY_MS + (hour * 60 + minute - offsetMinutes) * MINUTE_MS + second * 1_000 + milliseconds
}

function numberIn(found: RegExpExecArray, group: number): number {
  return Number(found[group] ?? 0)
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0)
}

/** In the Gregorian calendar, also before it was in use. Years start in March here, so that the leap day is the last. */
function daysSince1970(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day
  return years * 365 + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) + dayOfYear - 719_469
}

/** `timestampMs` of an attribute: a timestamp, milliseconds since 1970, or a `Date` (of any realm). */
export function timestampMsOfAttribute(value: unknown): number | undefined {
  if (typeof value === 'string') return timestampMs(value)
  if (typeof value === 'number') return Math.abs(value) <= MAX_MS ? value : undefined
  if (Object.prototype.toString.call(value) !== '[object Date]') return undefined
  const ms = Date.prototype.getTime.call(value)
  return Number.isNaN(ms) ? undefined : ms
}

/** ISO 8601 in UTC. */
export function isoTimestamp(ms: number): string {
  return new Date(ms).toISOString()
}
