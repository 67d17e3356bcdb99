import type { Allowed, Deed } from './authorization.ts'
import type { Query } from './query.ts'

export type Method = 'GET' | 'POST' | 'DELETE'

/** A request that may be answered: its route is found, its name is legal, its action is allowed. */
export interface Asked extends Allowed {
  readonly request: Request
  /** The `{name}` of the path; `''` where the path has none. */
  readonly name: string
  readonly query: Query
}

/** One thing that can be asked over HTTP. */
export interface Route {
  readonly method: Method
  /** As OpenAPI writes it: `/flags/{name}`. A `{name}` is that of a flag or a segment. */
  readonly path: string
  /** What `authorize` is asked; the name is added. */
  readonly action: Deed & { readonly subject: 'flag' | 'segment' }
  /** The query parameters that it takes; any other is refused. */
  readonly query: readonly string[]
  /** Whatever it throws is answered as a problem. */
  answer(asked: Asked): Promise<Response>
}
