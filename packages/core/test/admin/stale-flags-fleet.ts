import type { FlagsOptions, FlagUse, StaleFlag, StaleFlagsOptions, StaleFlagsReport } from '../../src/index.ts'
import { Fleet } from '../client-fleet.ts'

/** A fleet without timers, so that months pass at once, and its report of stale flags. */
export class StaleFleet extends Fleet {
  async days(count: number): Promise<void> {
    await this.clock.advance(count * 86_400_000)
  }

  now(): string {
    return new Date(this.clock.now()).toISOString()
  }

  async report(options?: StaleFlagsOptions, client: Partial<FlagsOptions> = {}): Promise<StaleFlagsReport> {
    return await this.client({ background: false, trackUses: false, ...client }).admin.staleFlags(options)
  }

  /** One flag's entry in the report. */
  async entry(name: string, options?: StaleFlagsOptions, client: Partial<FlagsOptions> = {}): Promise<StaleFlag | undefined> {
    return (await this.report(options, client)).flags.find(({ flag }) => flag.name === name)
  }

  async reasons(name: string, options?: StaleFlagsOptions): Promise<readonly string[]> {
    return (await this.entry(name, options))?.reasons ?? []
  }

  /** Tells the store of these uses as of now. */
  async note(...uses: readonly Omit<FlagUse, 'at'>[]): Promise<void> {
    await this.store.noteUses?.(uses.map((use) => ({ ...use, at: this.now() })))
  }

  /** Tells the store of its first use, of the flag `tracked`. */
  async startTracking(): Promise<void> {
    await this.store.create({ name: 'tracked', rollout: 50 })
    await this.note({ flag: 'tracked', enabled: true })
  }
}
