import type { FlagsOptions, FlagUse, StaleFlag, StaleFlagsOptions, StaleFlagsReport } from '../../src/index.ts'
import { Fleet } from '../fleet.ts'

/** A world in which months pass at once, as no process has timers, and in which it is asked which flags are stale. */
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

  /** What the report says of one flag. */
  async found(name: string, options?: StaleFlagsOptions, client: Partial<FlagsOptions> = {}): Promise<StaleFlag | undefined> {
    return (await this.report(options, client)).flags.find(({ flag }) => flag.name === name)
  }

  async reasons(name: string, options?: StaleFlagsOptions): Promise<readonly string[]> {
    return (await this.found(name, options))?.reasons ?? []
  }

  /** The store is told of these uses as of now. */
  async note(...uses: readonly Omit<FlagUse, 'at'>[]): Promise<void> {
    await this.store.noteUses?.(uses.map((use) => ({ ...use, at: this.now() })))
  }

  /** The store is told of its first use. */
  async track(): Promise<void> {
    await this.store.create({ name: 'tracked', rollout: 50 })
    await this.note({ flag: 'tracked', enabled: true })
  }
}
