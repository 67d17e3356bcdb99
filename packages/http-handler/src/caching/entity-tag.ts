import { hash } from 'node:crypto'

/** Part of every tag. Raise it when the same flags get a response of another format. */
const FORMAT_VERSION = '2'
/** 128 bits. */
const LENGTH = 22

/** A weak entity tag: a hash of everything that a response depends on. It reveals none of the parts. */
export function entityTag(...parts: readonly string[]): string {
  // JSON keeps the parts apart: ['ab', 'c'] and ['a', 'bc'] have different tags.
  return `W/"${hash('sha256', JSON.stringify([FORMAT_VERSION, ...parts]), 'base64url').slice(0, LENGTH)}"`
}

/** Whether the request's `If-None-Match` names this tag: then the client has the response already. */
export function matchesIfNoneMatch(tag: string, { headers }: Request): boolean {
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch === null) return false
  // RFC 9110, 13.1.2 asks for weak comparison here: a proxy that compresses makes tags weak.
  const opaque = tag.slice('W/'.length)
  return ifNoneMatch === '*' || ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === opaque)
}
