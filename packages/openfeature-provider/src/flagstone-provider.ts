import { type Evaluation, type Flags, FlagsError } from '@flagstone/core'
import { callHost, warnOfHostError } from '@flagstone/core/adapter'
import type {
  EvaluationContext,
  JsonValue,
  OpenFeatureEventEmitter,
  Provider,
  ResolutionDetails,
  TrackingEventDetails,
} from '@openfeature/server-sdk'
import { defaultFlagMetadata } from './evaluation/default-flag-metadata.ts'
import { initializationError, thrownErrorDetails } from './evaluation/error-details.ts'
import { flagstoneContext } from './evaluation/flagstone-context.ts'
import {
  booleanResolutionDetails,
  errorResolutionDetails,
  type ResolutionDefaults,
  resolutionDetails,
} from './evaluation/resolution-details.ts'
import { ProviderEventEmitter } from './events/provider-event-emitter.ts'
import { checkOptions, type FlagstoneProviderOptions } from './options.ts'

/** What the provider needs of a client. Any `Flags` has it, whatever its schema. */
export type ProvidedFlags = Pick<Flags, 'evaluate' | 'ready' | 'on' | 'stats'>

type Resolve<T> = (evaluation: Evaluation, resolution: ResolutionDefaults<T>) => ResolutionDetails<T>

/** Flagstone as an OpenFeature provider. An evaluation never throws: on an error it resolves with the caller's default and an error code. */
export class FlagstoneProvider implements Provider {
  readonly metadata = { name: 'flagstone' } as const
  readonly runsOn = 'server'
  readonly events: OpenFeatureEventEmitter
  readonly #flags: ProvidedFlags
  readonly #options: FlagstoneProviderOptions
  readonly #emitter: ProviderEventEmitter
  #isMetadataBroken = false

  constructor(flags: ProvidedFlags, options: FlagstoneProviderOptions) {
    this.#flags = flags
    this.#options = options
    this.#emitter = new ProviderEventEmitter(flags)
    this.events = this.#emitter.emitter
  }

  /**
   * Waits until the client is ready. Rejects with a `ProviderFatalError` if `migrate()` was forgotten or the client is closed, otherwise with a
   * `GeneralError`. Then the client retries, and the provider emits `READY` when it succeeds.
   */
  async initialize(): Promise<void> {
    this.#emitter.start()
    try {
      await this.#flags.ready()
    } catch (error) {
      this.#emitter.failed()
      throw initializationError(error)
    }
    this.#emitter.ready()
  }

  /** Ends the provider's subscriptions. The client is the caller's to close. */
  async onClose(): Promise<void> {
    this.#emitter.stop()
  }

  resolveBooleanEvaluation(name: string, fallback: boolean, context: EvaluationContext): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(name, fallback, context, booleanResolutionDetails)
  }

  resolveStringEvaluation(name: string, fallback: string, context: EvaluationContext): Promise<ResolutionDetails<string>> {
    return this.#resolve(name, fallback, context, resolutionDetails)
  }

  resolveNumberEvaluation(name: string, fallback: number, context: EvaluationContext): Promise<ResolutionDetails<number>> {
    return this.#resolve(name, fallback, context, resolutionDetails)
  }

  resolveObjectEvaluation<T extends JsonValue>(name: string, fallback: T, context: EvaluationContext): Promise<ResolutionDetails<T>> {
    return this.#resolve(name, fallback, context, resolutionDetails)
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    callHost('onTrack of flagstoneProvider()', () => this.#options.onTrack?.(name, context, details))
  }

  async #resolve<T>(name: string, fallback: T, context: EvaluationContext, resolve: Resolve<T>): Promise<ResolutionDetails<T>> {
    try {
      const evaluation = await this.#flags.evaluate(name, flagstoneContext(context))
      if (evaluation.errorCode === 'CLOSED') this.#emitter.closed()
      return resolve(evaluation, { fallback, flagMetadata: this.#metadataOf(evaluation) })
    } catch (error) {
      // A flag with `onUnavailable: 'throw'`.
      if (error instanceof FlagsError && error.code === 'CLOSED') this.#emitter.closed()
      return errorResolutionDetails(fallback, thrownErrorDetails(error))
    }
  }

  #metadataOf(evaluation: Evaluation): ReturnType<typeof defaultFlagMetadata> {
    const defaults = defaultFlagMetadata(evaluation)
    try {
      return this.#options.flagMetadata?.(evaluation, defaults) ?? defaults
    } catch (thrown) {
      // Warns once, because this runs for every evaluation.
      if (!this.#isMetadataBroken) warnOfHostError('flagMetadata of flagstoneProvider()', thrown)
      this.#isMetadataBroken = true
      return defaults
    }
  }
}

/**
 * Makes an OpenFeature provider of a client: `await OpenFeature.setProviderAndWait(flagstoneProvider(flags))`. Throws `INVALID_OPTIONS`, naming
 * the option.
 */
export function flagstoneProvider(flags: ProvidedFlags, options: FlagstoneProviderOptions = {}): FlagstoneProvider {
  if (typeof flags?.evaluate !== 'function') {
    throw new FlagsError('INVALID_OPTIONS', 'flagstoneProvider() takes a client: flagstoneProvider(createFlags({ store })).')
  }
  checkOptions(options)
  return new FlagstoneProvider(flags, options)
}
