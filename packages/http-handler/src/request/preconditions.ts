import { HttpError } from '../response/http-error.ts'

const VERSION_TAG = /^"(\d{1,16})"$/

/** The ETag of a record at this version. */
export function versionTag(version: number): string {
  return `"${version}"`
}

/**
 * The version in `If-Match`; `undefined` if the header is missing or is `*`. Throws `INVALID_HEADER` for anything else, so that no condition is
 * ignored.
 */
export function expectedVersion({ headers }: Request): number | undefined {
  const given = headers.get('if-match')?.trim()
  if (given === undefined || given === '*') return undefined
  const [, digits] = VERSION_TAG.exec(given) ?? []
  const version = Number(digits)
  if (Number.isSafeInteger(version)) return version
  throw new HttpError('INVALID_HEADER', 'If-Match must be one version in double quotes, such as "7".')
}
