import type { Action } from './action.ts'

/**
 * `true`: allowed. With an `actor`: allowed, and a change is logged as theirs, a string of at most 200 characters. `false`: refused with a 403.
 * With a `challenge`: refused with a 401, as credentials are missing or not known; it becomes the header `WWW-Authenticate`, such as
 * `Bearer realm="flags"` (RFC 9110, 11.6.1). One that is there and `undefined` is refused as well, with a 500: it was meant to refuse.
 */
export type Verdict = boolean | { readonly actor?: string; readonly challenge?: never } | { readonly challenge: string }

export type Authorize = (request: Request, action: Action) => Verdict | Promise<Verdict>
