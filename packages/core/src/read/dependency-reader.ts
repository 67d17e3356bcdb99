import { FlagsError } from '../errors/flags-error.ts'
import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { MAX_DEPTH } from '../evaluate/required-flags.ts'
import type { CatchUp } from '../history/catch-up.ts'
import type { Floors } from '../history/floors.ts'
import { changesTooFast, type FlagAnswer, type NoAnswer, none } from '../layers/flag-answer.ts'
import { titleOf } from '../validate/record-key.ts'
import type { ReadPath } from './read-path.ts'
import { TrackedView } from './tracked-view.ts'

/** How often the answers are read where changes overtake them. */
const ATTEMPTS = 3

type Parts = ReadonlyMap<string, FlagAnswer | NoAnswer>

/** A flag with everything that an evaluation of it may look up, as the layers answered it. */
export class FlagWithDependencies {
  readonly kind = 'found'
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

  /** Why a part has no answer. */
  whyMissing(key: string): FlagsError {
    const part = this.#parts.get(key)
    return part?.kind === 'none' ? part.error : new FlagsError('GENERAL', `${titleOf(key)} was not read.`, { flag: key })
  }
}

/** Reads a flag's prerequisites and segments so that they belong together: at one moment, all of them were as answered. */
export class DependencyReader {
  readonly #reads: ReadPath
  readonly #floors: Floors
  readonly #catchUp: CatchUp

  constructor(reads: ReadPath, floors: Floors, catchUp: CatchUp) {
    this.#reads = reads
    this.#floors = floors
    this.#catchUp = catchUp
  }

  /** Never rejects. Where the flag itself changes meanwhile, it is read again, and the result is of the new one. */
  async read(name: string, root: FlagAnswer, minVersion: number): Promise<FlagWithDependencies | NoAnswer> {
    let current = root
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const parts = await this.#partsOf(current, minVersion)
      const answers = new Map([...parts, [name, current]])
      const isCaughtUp = await this.#catchUpWith(answers)
      if (this.#areNewest(answers)) return new FlagWithDependencies(isCaughtUp ? current : { ...current, stale: true }, parts)
      const again = await this.#reads.read({ name }, minVersion)
      if (again.kind !== 'flag') return again.kind === 'none' ? again : none(changesTooFast(name))
      current = again
    }
    return none(changesTooFast(name))
  }

  /** Reads one level of dependencies after the other. */
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
   * Where answers are of different moments, the newest may follow a change that the others have missed. Then the log is read up to it. Returns
   * whether it got there.
   */
  async #catchUpWith(answers: Parts): Promise<boolean> {
    const known = [...answers.values()].filter((answer) => answer.kind === 'flag').map(({ asOf }) => asOf)
    const newest = Math.max(...known)
    if (newest === Math.min(...known)) return true
    return (await this.#catchUp.reach(newest)) === 'reached'
  }

  /** Whether no answer is below its floor by now; a stale one only must not be below what was answered. */
  #areNewest(answers: Parts): boolean {
    return [...answers].every(([key, answer]) => {
      if (answer.kind !== 'flag') return true
      return answer.asOf >= (answer.stale ? this.#floors.answeredAsOf(key) : this.#floors.of(key))
    })
  }
}
