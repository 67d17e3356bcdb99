import type { FlagSnapshot } from '@flagstone/core'
import type { Write } from '../oracle.ts'

interface Taken {
  readonly process: string
  readonly snapshot: FlagSnapshot
}

/** Collects the snapshots of all processes and checks laws that hold only for snapshots. */
export class TakenSnapshots {
  readonly #taken: Taken[] = []
  readonly #flags: readonly string[]

  constructor(flags: readonly string[]) {
    this.#flags = flags
  }

  note(process: string, snapshot: FlagSnapshot): void {
    this.#taken.push({ process, snapshot })
  }

  /** Every flag in a snapshot has the version that its "as of" requires, and a revision always stands for the same version. */
  violations(writes: readonly Write[]): readonly { readonly law: string; readonly what: string }[] {
    const found: { law: string; what: string }[] = []
    const inOrder = [...writes].sort((one, other) => one.version - other.version)
    const versions = new Map<string, number>()
    for (const { process, snapshot } of this.#taken) {
      const { asOf, revision } = snapshot
      if (asOf === undefined) continue
      for (const flag of this.#flags) {
        const last = inOrder.findLast((write) => write.flag === flag && write.version <= asOf)
        const needed = last === undefined || last.deleted ? undefined : last.version
        const got = snapshot.evaluate(flag, 'ada').version
        if (got !== needed)
          found.push({ law: 'not of one version', what: `${process} has ${flag} at ${got} as of ${asOf}, not at ${needed}` })
      }
      if (revision === undefined) continue
      const version = versions.get(revision) ?? asOf
      versions.set(revision, version)
      if (version !== asOf)
        found.push({ law: 'revision of two versions', what: `${process} says ${revision} of ${asOf}, another of ${version}` })
    }
    return found
  }
}
