import type { Propagation } from '../layers/invalidations.ts'

/** A change that is committed. */
export interface Written {
  /** The version of the change; pass it as `minVersion` where another process must not answer older. */
  readonly version: number
  /** `ok`: the shared cache holds nothing older. `deferred`: it could not be reached, and will be told as soon as it can. */
  readonly propagation: Propagation
}
