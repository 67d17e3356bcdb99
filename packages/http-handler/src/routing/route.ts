import type { Deed } from '../authorization/action.ts'
import type { Allowed } from '../authorization/authorize-request.ts'
import type { Query } from '../request/query.ts'
import type { ProblemCode } from '../response/problem.ts'
import type { JsonSchema } from '../schemas/json-schema.ts'

export type Method = 'GET' | 'POST' | 'DELETE'

/** A request that may be answered: its route is found, its name is legal, its action is allowed. */
export interface Asked extends Allowed {
  readonly request: Request
  /** The `{name}` of the path; `''` where the path has none. */
  readonly name: string
  readonly query: Query
}

export interface QueryParameter {
  readonly name: string
  readonly description: string
  readonly schema: JsonSchema
}

/** What the OpenAPI document says of a route beyond its path, action and parameters. Schemas are names of `openapi/components.ts`. */
export interface RouteText {
  /** What generated clients call it; no other route has it. */
  readonly id: string
  readonly summary: string
  /** The schema of the body that it reads; none: it reads no body. */
  readonly body?: string
  /** Whether it heeds `If-Match`. */
  readonly takesIfMatch?: boolean
  /** Whether it heeds `If-None-Match`, and says its entity tag. */
  readonly takesIfNoneMatch?: boolean
  /** Whether it heeds `Last-Event-ID`. */
  readonly takesLastEventId?: boolean
  /** Whether it is answered without the store, whose problems then never come. */
  readonly isStoreless?: boolean
  readonly success: {
    readonly status: 200 | 201
    readonly description: string
    /** Default `application/json`. */
    readonly type?: string
    /** A component, or a schema of its own. */
    readonly schema: string | JsonSchema
    /** Headers of the answer and what they say. */
    readonly headers?: Readonly<Record<string, string>>
  }
  /** Beyond those that follow from the rest: refusals of name, query, headers and body, `UNAUTHENTICATED`, `FORBIDDEN`, and what the store may say. */
  readonly problems?: readonly ProblemCode[]
}

/** One thing that can be asked over HTTP. */
export interface Route {
  readonly method: Method
  /** As OpenAPI writes it: `/flags/{name}`. A `{name}` is that of a flag or a segment. */
  readonly path: string
  /** What `authorize` is asked; the name is added. */
  readonly action: Deed & { readonly subject: 'flag' | 'segment' }
  /** The query parameters that it takes; any other is refused. */
  readonly query: readonly QueryParameter[]
  readonly text: RouteText
  /** Whatever it throws is answered as a problem. */
  answer(asked: Asked): Promise<Response>
}
