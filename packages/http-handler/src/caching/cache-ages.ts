/** How long caches on the way may keep an answer that is for everybody, in whole seconds, each 0 to 86,400. */
export interface CacheAges {
  /** How long it counts as fresh. Default 5. */
  readonly maxAgeS: number
  /** How much longer it may be given out while the cache asks for a new one. Default 5: with the first, no more than the poll for changes. */
  readonly staleWhileRevalidateS: number
}
