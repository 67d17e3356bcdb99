/** How long shared caches may keep a public response, in whole seconds, each 0 to 86,400. */
export interface CacheAges {
  /** How long the response counts as fresh. Default 5. */
  readonly maxAgeS: number
  /** How much longer a cache may serve it while it fetches a new one. Default 5: together with `maxAgeS`, no more than the poll interval. */
  readonly staleWhileRevalidateS: number
}
