import { type Evaluation, FlagsError } from '@flagstone/core'
import type { EvaluationContext, FlagMetadata, TrackingEventDetails } from '@openfeature/server-sdk'

export interface FlagstoneProviderOptions {
  /**
   * Told of each `client.track(…)`: Flagstone keeps no events itself. It may be `async`; what it throws, or its promise rejects with, becomes a
   * process warning. Default: nobody is told.
   */
  onTrack?(name: string, context: EvaluationContext, details: TrackingEventDetails): unknown
  /**
   * What the flag metadata of an answer holds. `usual` is the default: `version`, `source` and `asOf`, and where the evaluation has them `rollout`,
   * `bucket`, `rule` and `unmet`. Where this throws, the answer has `usual`, and a process warning says so once.
   */
  flagMetadata?(evaluation: Evaluation, usual: FlagMetadata): FlagMetadata
}

const KNOWN: ReadonlySet<string> = new Set(['onTrack', 'flagMetadata'])

/** Throws `INVALID_OPTIONS`, naming the option. */
export function checkOptions(options: FlagstoneProviderOptions): void {
  if (options === null || typeof options !== 'object')
    throw new FlagsError('INVALID_OPTIONS', 'The options of flagstoneProvider() are an object.')
  for (const [name, value] of Object.entries(options)) {
    if (!KNOWN.has(name)) throw new FlagsError('INVALID_OPTIONS', `There is no option ${name}.`)
    if (value !== undefined && typeof value !== 'function')
      throw new FlagsError('INVALID_OPTIONS', `The option ${name} must be a function.`)
  }
}
