import type { Permission } from '../authorization/action.ts'
import type { Authorized } from '../authorization/authorize-request.ts'
import type { Query } from '../request/query.ts'
import type { ProblemCode } from '../response/problem.ts'
import type { JsonSchema } from '../schemas/json-schema.ts'

export type Method = 'GET' | 'POST' | 'DELETE'

/** A request whose route was found, whose name is legal and whose action is allowed. */
export interface RouteRequest extends Authorized {
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

/** What the OpenAPI document says about a route, besides its path, action and parameters. Schemas are named as in `schemas/component-schemas.ts`. */
export interface RouteDescription {
  /** The `operationId`, unique; generated clients name their method after it. */
  readonly id: string
  readonly summary: string
  /** The schema of the request body; absent: the route reads no body. */
  readonly body?: string
  /** Whether the route evaluates `If-Match`. */
  readonly takesIfMatch?: boolean
  /** Whether the route evaluates `If-None-Match`, and sends an entity tag. */
  readonly takesIfNoneMatch?: boolean
  /** Whether the route evaluates `Last-Event-ID`. */
  readonly takesLastEventId?: boolean
  /** Whether the route answers without the store, and so never with the store's problems. */
  readonly isStoreless?: boolean
  readonly success: {
    readonly status: 200 | 201
    readonly description: string
    /** Default `application/json`. */
    readonly type?: string
    /** The name of a component schema, or a schema. */
    readonly schema: string | JsonSchema
    /** Headers of the response, with their descriptions. */
    readonly headers?: Readonly<Record<string, string>>
  }
  /** Further problems. Those of name, query, headers, body, authorization and store follow from the other fields. */
  readonly problems?: readonly ProblemCode[]
}

/** One operation of the HTTP API. */
export interface Route {
  readonly method: Method
  /** As OpenAPI writes it: `/flags/{name}`. `{name}` is the name of a flag or a segment. */
  readonly path: string
  /** The action that `authorize` decides on; the router adds the name. */
  readonly action: Permission & { readonly subject: 'flag' | 'segment' }
  /** The query parameters that the route takes; any other is refused. */
  readonly query: readonly QueryParameter[]
  readonly description: RouteDescription
  /** Anything that it throws becomes a problem response. */
  answer(request: RouteRequest): Promise<Response>
}
