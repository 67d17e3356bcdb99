import { CompiledFlag } from '../evaluate/compiled-flag.ts'
import { CompiledSegment } from '../evaluate/compiled-segment.ts'
import { MAX_DEPTH } from '../evaluate/prerequisites.ts'
import { segmentKey } from '../evaluate/segment-key.ts'
import type { World } from '../evaluate/world.ts'
import type { FlagAnswer, NoAnswer } from './answer.ts'
import type { MemoryLayer } from './memory-layer.ts'
import type { ReadPath } from './read-path.ts'

/** What one evaluation looks up beside its flag, as far as memory knows it: where something is missing it is not `complete`. */
export class InMemory implements World {
  readonly now: number
  readonly #memory: MemoryLayer
  complete = true
  asOf: number

  constructor(memory: MemoryLayer, now: number, asOf: number) {
    this.#memory = memory
    this.now = now
    this.asOf = asOf
  }

  flag(name: string): CompiledFlag | null | undefined {
    return this.#look(name, CompiledFlag)
  }

  segment(name: string): CompiledSegment | null | undefined {
    return this.#look(segmentKey(name), CompiledSegment)
  }

  #look<T>(key: string, kind: new (...args: never[]) => T): T | null | undefined {
    const slot = this.#memory.hit(key)
    if (slot === undefined) {
      this.complete = false
      return undefined
    }
    if (slot.asOf < this.asOf) this.asOf = slot.asOf
    return slot.flag instanceof kind ? slot.flag : null
  }
}

/** The same as the layers answered. It answers as of its oldest part, and is stale where one of its parts is. */
export class Gathering implements World {
  readonly now: number
  readonly #answers = new Map<string, FlagAnswer>()
  asOf: number
  stale: boolean

  constructor(root: FlagAnswer, now: number) {
    this.now = now
    this.asOf = root.asOf
    this.stale = root.stale
  }

  flag(name: string): CompiledFlag | null | undefined {
    const flag = this.#answers.get(name)?.flag
    return flag instanceof CompiledSegment ? null : flag
  }

  segment(name: string): CompiledSegment | null | undefined {
    const segment = this.#answers.get(segmentKey(name))?.flag
    return segment instanceof CompiledFlag ? null : segment
  }

  has(key: string): boolean {
    return this.#answers.has(key)
  }

  add(key: string, answer: FlagAnswer): void {
    this.#answers.set(key, answer)
    this.asOf = Math.min(this.asOf, answer.asOf)
    this.stale ||= answer.stale
  }
}

/** Reads all that an evaluation of `root` may look up, one level of prerequisites at a time; what no layer knows is the answer then. */
export async function gather(
  reads: ReadPath,
  root: FlagAnswer & { readonly flag: CompiledFlag },
  minVersion: number,
  now: number,
): Promise<Gathering | NoAnswer> {
  const gathering = new Gathering(root, now)
  let wanted: readonly string[] = root.flag.dependencies
  for (let depth = 0; depth <= MAX_DEPTH && wanted.length > 0; depth++) {
    const answers = await Promise.all(wanted.map((name) => reads.read({ name }, minVersion)))
    const next = new Set<string>()
    for (const [index, answer] of answers.entries()) {
      if (answer.kind === 'none') return answer
      if (answer.kind !== 'flag') continue
      gathering.add(wanted[index] as string, answer)
      if (answer.flag instanceof CompiledFlag) for (const key of answer.flag.dependencies) next.add(key)
    }
    wanted = [...next].filter((key) => !gathering.has(key) && key !== root.flag.record.name)
  }
  return gathering
}
