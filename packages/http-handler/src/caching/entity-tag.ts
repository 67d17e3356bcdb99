import { hash } from 'node:crypto'

/** Part of every tag: raised when the same flags are answered in another form. */
const FORM = '2'
/** 128 bits. */
const LENGTH = 22

/** A weak entity tag of everything that an answer follows from. It says nothing of the parts themselves. */
export function entityTag(...parts: readonly string[]): string {
  // As JSON, so that no part can end where another begins.
  return `W/"${hash('sha256', JSON.stringify([FORM, ...parts]), 'base64url').slice(0, LENGTH)}"`
}

/** Whether the client has the answer of this tag already, by its `If-None-Match`. */
export function isHeld(tag: string, { headers }: Request): boolean {
  const held = headers.get('if-none-match')
  if (held === null) return false
  // Weak comparison, as RFC 9110 wants it here: a proxy that compresses makes tags weak.
  const opaque = tag.slice('W/'.length)
  return held === '*' || held.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === opaque)
}
