import { type Evaluation, type Flags, FlagsError } from '@flagstone/core'
import { tell, warnOfThrown } from '@flagstone/core/adapter'
import type {
  EvaluationContext,
  JsonValue,
  OpenFeatureEventEmitter,
  Provider,
  ResolutionDetails,
  TrackingEventDetails,
} from '@openfeature/server-sdk'
import { Announcements } from './events/provider-event-emitter.ts'
import { initialisationError, troubleOfError } from './evaluation/error-details.ts'
import { checkOptions, type FlagstoneProviderOptions } from './options.ts'
import { type Asked, booleanResolution, failure, resolution } from './evaluation/resolution-details.ts'
import { usualMetadata } from './evaluation/default-flag-metadata.ts'
import { whoOf } from './evaluation/flagstone-context.ts'

/** What the provider asks of a client: any `Flags` has it, whatever its schema. */
export type ProvidedFlags = Pick<Flags, 'evaluate' | 'ready' | 'on' | 'stats'>

type Resolve<T> = (found: Evaluation, asked: Asked<T>) => ResolutionDetails<T>

/** Flagstone as a provider of OpenFeature. It never throws for a flag: an error code comes with the caller's default. */
export class FlagstoneProvider implements Provider {
  readonly metadata = { name: 'flagstone' } as const
  readonly runsOn = 'server'
  readonly events: OpenFeatureEventEmitter
  readonly #flags: ProvidedFlags
  readonly #options: FlagstoneProviderOptions
  readonly #announcements: Announcements
  #isMetadataBroken = false

  constructor(flags: ProvidedFlags, options: FlagstoneProviderOptions) {
    this.#flags = flags
    this.#options = options
    this.#announcements = new Announcements(flags)
    this.events = this.#announcements.emitter
  }

  /**
   * Waits until the client is ready. Rejects with a `ProviderFatalError` where `migrate()` was forgotten or the client is closed, else with a
   * `GeneralError`: then the client goes on trying, and a `READY` tells when it got through.
   */
  async initialize(): Promise<void> {
    this.#announcements.begin()
    try {
      await this.#flags.ready()
    } catch (error) {
      this.#announcements.failed()
      throw initialisationError(error)
    }
    this.#announcements.ready()
  }

  /** Ends the provider's subscriptions. The client is the caller's to close. */
  async onClose(): Promise<void> {
    this.#announcements.end()
  }

  resolveBooleanEvaluation(name: string, fallback: boolean, context: EvaluationContext): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(name, fallback, context, booleanResolution)
  }

  resolveStringEvaluation(name: string, fallback: string, context: EvaluationContext): Promise<ResolutionDetails<string>> {
    return this.#resolve(name, fallback, context, resolution)
  }

  resolveNumberEvaluation(name: string, fallback: number, context: EvaluationContext): Promise<ResolutionDetails<number>> {
    return this.#resolve(name, fallback, context, resolution)
  }

  resolveObjectEvaluation<T extends JsonValue>(name: string, fallback: T, context: EvaluationContext): Promise<ResolutionDetails<T>> {
    return this.#resolve(name, fallback, context, resolution)
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    tell('onTrack of flagstoneProvider()', () => this.#options.onTrack?.(name, context, details))
  }

  async #resolve<T>(name: string, fallback: T, context: EvaluationContext, resolve: Resolve<T>): Promise<ResolutionDetails<T>> {
    try {
      const found = await this.#flags.evaluate(name, whoOf(context))
      if (found.errorCode === 'CLOSED') this.#announcements.closed()
      return resolve(found, { fallback, flagMetadata: this.#metadataOf(found) })
    } catch (error) {
      // A flag that must not guess.
      if (error instanceof FlagsError && error.code === 'CLOSED') this.#announcements.closed()
      return failure(fallback, troubleOfError(error))
    }
  }

  #metadataOf(found: Evaluation): ReturnType<typeof usualMetadata> {
    const usual = usualMetadata(found)
    try {
      return this.#options.flagMetadata?.(found, usual) ?? usual
    } catch (thrown) {
      // Once: it is called for every answer.
      if (!this.#isMetadataBroken) warnOfThrown('flagMetadata of flagstoneProvider()', thrown)
      this.#isMetadataBroken = true
      return usual
    }
  }
}

/**
 * Flagstone behind OpenFeature's server SDK: `await OpenFeature.setProviderAndWait(flagstoneProvider(flags))`. Throws `INVALID_OPTIONS`, naming
 * the option.
 */
export function flagstoneProvider(flags: ProvidedFlags, options: FlagstoneProviderOptions = {}): FlagstoneProvider {
  if (typeof flags?.evaluate !== 'function') {
    throw new FlagsError('INVALID_OPTIONS', 'flagstoneProvider() takes a client: flagstoneProvider(createFlags({ store })).')
  }
  checkOptions(options)
  return new FlagstoneProvider(flags, options)
}
