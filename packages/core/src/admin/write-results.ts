import type { Propagation } from '../layers/invalidations.ts'

/** A committed change. */
export interface Written {
  /** The change's version; pass it as `minVersion` to another process that must not answer older. */
  readonly version: number
  /** `ok`: the shared cache holds nothing older. `deferred`: it could not be reached, and is told as soon as it can be. */
  readonly propagation: Propagation
}
