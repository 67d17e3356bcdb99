/** One obligation of a contract, as a test that any runner can run. */
export interface ConformanceCase {
  /** A sentence; unique within its suite. */
  readonly name: string
  /** Why this harness skips the case; absent where the case is to be run. */
  readonly skip?: string
  /** Opens a fresh world, checks the obligation, ends the world. Rejects with an `AssertionError` where the adapter breaks it. */
  readonly run: () => Promise<void>
}

/**
 * What a case plays in, empty at first and seen by no other case. Its functions are called on their own: they must not need `this`.
 */
export interface Fixture {
  /** Lets go of everything that the world opened, peers included. Called once, also after a failure. */
  end(): Promise<void>
}

/** How a suite gets at an adapter. */
export interface Harness<W extends Fixture> {
  /** A fresh, empty world. */
  open(): Promise<W>
  /** Case name → the reason why this adapter skips it. A name that no case has, or an empty reason, throws. */
  readonly skip?: Readonly<Record<string, string>>
}

/** Sentence → what to play. */
export type Scenarios<W extends Fixture> = Readonly<Record<string, (fixture: W) => Promise<void>>>

async function play<W extends Fixture>(harness: Harness<W>, scenario: (fixture: W) => Promise<void>): Promise<void> {
  const fixture = await harness.open()
  try {
    await scenario(fixture)
  } finally {
    await fixture.end()
  }
}

/** The scenarios as cases of this harness. Throws where `harness.skip` names a case that is not there, or gives no reason. */
export function casesOf<W extends Fixture>(harness: Harness<W>, chapters: readonly Scenarios<W>[]): readonly ConformanceCase[] {
  const skips = new Map(Object.entries(harness.skip ?? {}))
  const cases = chapters.flatMap(Object.entries<(fixture: W) => Promise<void>>).map(([name, scenario]): ConformanceCase => {
    const skip = skips.get(name)
    skips.delete(name)
    if (skip === '') throw new Error(`The case "${name}" is skipped without a reason. Say why, or run it.`)
    return { name, run: () => play(harness, scenario), ...(skip === undefined ? {} : { skip }) }
  })
  const unknown = [...skips.keys()].map((name) => `"${name}"`)
  if (unknown.length > 0) throw new Error(`No conformance case is called ${unknown.join(' or ')}. Take it out of the harness' skips.`)
  return cases
}

/** An optional part of an adapter or of its harness that a case cannot do without. */
export function needed<T>(part: T | undefined, what: string): T {
  if (part !== undefined) return part
  throw new Error(`There is no ${what}. Provide it, or skip this case with the reason.`)
}
