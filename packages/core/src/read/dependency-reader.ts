import { FlagsError } from '../errors/flags-error.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { MAX_DEPTH } from '../evaluate/required-flags.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { Floors } from '../history/floors.ts'
import { type FlagAnswer, type NoAnswer, none, tooFast } from '../layers/answer.ts'
import type { ReadPath } from './read-path.ts'
import { TrackedView } from './tracked-view.ts'

/** A set of answers that a change overtakes is read again, this often. */
const ATTEMPTS = 3

type Parts = ReadonlyMap<string, FlagAnswer | NoAnswer>

/** A flag with all that an evaluation of it may look up, as the layers answered it. */
export class FlagWithDependencies {
  readonly kind = 'gathered'
  readonly root: FlagAnswer
  readonly #parts: Parts

  constructor(root: FlagAnswer, parts: Parts = new Map()) {
    this.root = root
    this.#parts = parts
  }

  view(now: number): TrackedView {
    return new TrackedView(this.root, now, (key) => {
      const part = this.#parts.get(key)
      return part?.kind === 'flag' ? part : undefined
    })
  }

  /** Why a part is not known. */
  whyMissing(key: string): FlagsError {
    const part = this.#parts.get(key)
    return part?.kind === 'none' ? part.error : new FlagsError('GENERAL', `${key} was not asked for.`, { flag: key })
  }
}

/** Reads a flag's prerequisites and segments, so that all of it belongs together: at one moment, each of them was as it is there. */
export class DependencyReader {
  readonly #reads: ReadPath
  readonly #floors: Floors
  readonly #catchUp: CatchUp

  constructor(reads: ReadPath, floors: Floors, catchUp: CatchUp) {
    this.#reads = reads
    this.#floors = floors
    this.#catchUp = catchUp
  }

  /** Never rejects. The flag itself may be another by the time that all is there; then it is that one. */
  async read(name: string, root: FlagAnswer, minVersion: number): Promise<FlagWithDependencies | NoAnswer> {
    let from = root
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const parts = await this.#partsOf(from, minVersion)
      const answers = new Map([...parts, [name, from]])
      const vouched = await this.#catchesUpWith(answers)
      if (this.#isNewest(answers)) return new FlagWithDependencies(vouched ? from : { ...from, stale: true }, parts)
      const again = await this.#reads.read({ name }, minVersion)
      if (again.kind !== 'flag') return again.kind === 'none' ? again : none(tooFast(name))
      from = again
    }
    return none(tooFast(name))
  }

  /** One level of prerequisites at a time. */
  async #partsOf({ flag: root }: FlagAnswer, minVersion: number): Promise<Parts> {
    const parts = new Map<string, FlagAnswer | NoAnswer>()
    if (!(root instanceof CompiledFlag)) return parts
    let wanted: readonly string[] = root.dependencies
    for (let depth = 0; depth <= MAX_DEPTH && wanted.length > 0; depth++) {
      const answers = await Promise.all(wanted.map((name) => this.#reads.read({ name }, minVersion)))
      const next = new Set<string>()
      for (const [index, answer] of answers.entries()) {
        if (answer.kind === 'decision') continue
        parts.set(wanted[index] as string, answer)
        if (answer.kind === 'flag' && answer.flag instanceof CompiledFlag) for (const key of answer.flag.dependencies) next.add(key)
      }
      wanted = [...next].filter((key) => !parts.has(key))
    }
    return parts
  }

  /**
   * An answer counts up to the store's clock as this process knows it. One from beyond may come from a change that the others have not seen:
   * then the log tells. Answers whether it got there.
   */
  async #catchesUpWith(answers: Parts): Promise<boolean> {
    const known = [...answers.values()].filter((answer) => answer.kind === 'flag').map(({ asOf }) => asOf)
    const newest = Math.max(...known)
    if (newest === Math.min(...known)) return true
    return (await this.#catchUp.reach(newest)) === 'reached'
  }

  /** Whether no change that this process knows of by now is missing from them; of a last known good, none that it has answered. */
  #isNewest(answers: Parts): boolean {
    return [...answers].every(([key, answer]) => {
      if (answer.kind !== 'flag') return true
      return answer.asOf >= (answer.stale ? this.#floors.answered(key) : this.#floors.of(key))
    })
  }
}
