/** The kind of right that a request needs, and the operation that it asks for. */
export type Permission =
  /** Evaluate one flag or all, listen to changes (names and versions only), read the OpenAPI document. */
  | { readonly kind: 'evaluate'; readonly operation: 'evaluate' | 'events' | 'describe' }
  /** Read flags and segments as they are stored: rules, members, who changed what. */
  | { readonly kind: 'read'; readonly operation: 'list' | 'get' | 'history' | 'explain' }
  /** Change flags and segments. */
  | { readonly kind: 'write'; readonly operation: 'create' | 'update' | 'delete' }

/** What a request is about to do; passed to `authorize`. */
export type Action = Permission & {
  readonly subject: 'flag' | 'segment'
  /**
   * The flag or segment in the path, always a legal name. Absent if the path has none: for a list, for all flags at once, and for a `create`,
   * whose name is in the body, which is read only after the action is allowed.
   */
  readonly name?: string
}
