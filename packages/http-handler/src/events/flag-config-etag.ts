const VERSION_PATTERN = /^\d{1,16}$/

/** The `etag` of an OFREP event: the client's next response must not be older than this version. */
export function formatFlagConfigEtag(version: number): string {
  return String(version)
}

/** The version in a `flagConfigEtag`; `undefined` for anything that is not a version, as clients may send anything. */
export function parseFlagConfigEtag(etag: string | undefined): number | undefined {
  const version = etag !== undefined && VERSION_PATTERN.test(etag) ? Number(etag) : undefined
  return Number.isSafeInteger(version) ? version : undefined
}
