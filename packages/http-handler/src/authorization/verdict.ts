import type { Action } from './action.ts'

/**
 * - `true`: allowed.
 * - `{ actor }`: allowed, and a change is logged under this name, a string of at most 200 characters.
 * - `false`: refused with a 403.
 * - `{ challenge }`: refused with a 401, because credentials are missing or unknown. The challenge becomes the header `WWW-Authenticate`, such
 *   as `Bearer realm="flags"` (RFC 9110, 11.6.1). A `challenge` that is present but `undefined` refuses with a 500: it was meant to refuse.
 */
export type Verdict = boolean | { readonly actor?: string; readonly challenge?: never } | { readonly challenge: string }

export type Authorize = (request: Request, action: Action) => Verdict | Promise<Verdict>
