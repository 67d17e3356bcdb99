import type { Clock } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { AllFlags } from '../layers/all-flags.ts'
import type { BackgroundWork } from '../layers/background-work.ts'
import type { MemoryLayer } from '../layers/memory-layer.ts'
import type { CatchUp } from './catch-up.ts'
import type { Lease } from './lease.ts'

/** How often the two clocks are compared. */
const CHECK_MS = 1_000
/** So much more wall clock time than monotonic time in between means that the process was suspended. A clock that is set forward looks the same. */
const SUSPENDED_MS = 5_000

export interface SuspendDetectionParts {
  readonly clock: Clock
  readonly lease: Lease
  readonly memory: MemoryLayer
  readonly all: AllFlags
  readonly catchUp: CatchUp
  readonly background: BackgroundWork
  readonly report: (error: FlagsError) => void
}

/**
 * Notices that this process was suspended: a frozen container, a laptop or a virtual machine that slept. Monotonic time stands still meanwhile, so
 * that the lease would vouch for memory that missed hours of changes.
 */
export class SuspendDetection {
  readonly #parts: SuspendDetectionParts
  /** Wall clock minus monotonic clock, once this process follows the store. */
  #offset: number | undefined

  constructor(parts: SuspendDetectionParts) {
    this.#parts = parts
    parts.catchUp.onStart(() => {
      if (this.#offset !== undefined) return
      this.#offset = this.#currentOffset
      this.#checkLater()
    })
  }

  get #currentOffset(): number {
    const { clock } = this.#parts
    return clock.now() - clock.monotonic()
  }

  #checkLater(): void {
    this.#parts.background.after(CHECK_MS, 'Whether this process was suspended could not be checked', async () => {
      this.#check()
      this.#checkLater()
    })
  }

  #check(): void {
    const offset = this.#currentOffset
    const suspendedMs = offset - (this.#offset ?? offset)
    this.#offset = offset
    if (suspendedMs < SUSPENDED_MS) return
    const { lease, memory, all, catchUp, report } = this.#parts
    lease.expire(suspendedMs)
    memory.age(suspendedMs)
    all.age(suspendedMs)
    const message = `This process was suspended for ${Math.round(suspendedMs / 1_000)} s, or its clock was set: flags are read anew.`
    report(new FlagsError('PROCESS_SUSPENDED', message))
    catchUp.request()
  }
}
