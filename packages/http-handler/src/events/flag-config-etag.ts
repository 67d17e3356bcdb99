const TOKEN = /^\d{1,16}$/

/** OFREP's `etag` of an event: the version that whoever asks again must not be answered from before. */
export function tokenOf(version: number): string {
  return String(version)
}

/** The version that a `flagConfigEtag` names. Anybody may send one: what names no version is passed over. */
export function versionOf(token: string | undefined): number | undefined {
  const version = token !== undefined && TOKEN.test(token) ? Number(token) : undefined
  return Number.isSafeInteger(version) ? version : undefined
}
