/** What kind of right a request needs, and what it would do with it. */
export type Deed =
  /** To learn what somebody gets: one flag or all, that flags change (names and versions), the description of this very API. */
  | { readonly kind: 'evaluate'; readonly operation: 'evaluate' | 'events' | 'describe' }
  /** To see how flags and segments are made: rules, members, who changed what. */
  | { readonly kind: 'read'; readonly operation: 'list' | 'get' | 'history' | 'explain' }
  /** To change them. */
  | { readonly kind: 'write'; readonly operation: 'create' | 'update' | 'delete' }

/** What a request is about to do, as `authorize` is asked. */
export type Action = Deed & {
  readonly subject: 'flag' | 'segment'
  /**
   * The flag or segment in the path, a legal name. Absent where the path has none: for a list, for all flags at once, for a `create` (its
   * name is in the body, which is read only once the action is allowed).
   */
  readonly name?: string
}
