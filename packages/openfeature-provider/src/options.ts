import { type Evaluation, FlagsError } from '@flagstone/core'
import type { EvaluationContext, FlagMetadata, TrackingEventDetails } from '@openfeature/server-sdk'

export interface FlagstoneProviderOptions {
  /**
   * Called for each `client.track(…)`: Flagstone itself stores no tracking events. It may be `async`; if it throws or rejects, that becomes a
   * process warning. Default: tracking events are dropped.
   */
  onTrack?(name: string, context: EvaluationContext, details: TrackingEventDetails): unknown
  /**
   * Makes the flag metadata of an evaluation. `defaults` holds `version`, `source` and `asOf`, and if the evaluation has them `rollout`, `bucket`,
   * `rule` and `unmet`. If this throws, `defaults` is used, with one process warning. Default: `defaults`.
   */
  flagMetadata?(evaluation: Evaluation, defaults: FlagMetadata): FlagMetadata
}

const OPTION_NAMES: ReadonlySet<string> = new Set(['onTrack', 'flagMetadata'])

/** Throws `INVALID_OPTIONS`, naming the option. */
export function checkOptions(options: FlagstoneProviderOptions): void {
  if (options === null || typeof options !== 'object')
    throw new FlagsError('INVALID_OPTIONS', 'The options of flagstoneProvider() are an object.')
  for (const [name, value] of Object.entries(options)) {
    if (!OPTION_NAMES.has(name)) throw new FlagsError('INVALID_OPTIONS', `There is no option ${name}.`)
    if (value !== undefined && typeof value !== 'function')
      throw new FlagsError('INVALID_OPTIONS', `The option ${name} must be a function.`)
  }
}
