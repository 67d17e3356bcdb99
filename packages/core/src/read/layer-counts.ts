/** How often a layer had an answer, and how often it had none. */
export interface LayerStats {
  readonly hits: number
  readonly misses: number
}

/** Plain numbers, so that counting costs an addition. */
export class LayerCounts {
  memoryHits = 0
  memoryMisses = 0
  decisionHits = 0
  decisionMisses = 0
  cacheHits = 0
  cacheMisses = 0
  storeReads = 0
  storeFlags = 0

  decision(hit: boolean): void {
    if (hit) this.decisionHits++
    else this.decisionMisses++
  }

  cache(hit: boolean): void {
    if (hit) this.cacheHits++
    else this.cacheMisses++
  }
}
