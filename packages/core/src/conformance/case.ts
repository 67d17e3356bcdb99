/** One obligation of a contract, as a test that any runner can run. */
export interface ConformanceCase {
  /** A sentence; unique within its suite. */
  readonly name: string
  /** Why this harness skips the case; absent where the case is to be run. */
  readonly skip?: string
  /** Opens a fresh fixture, checks the obligation, ends the fixture. Rejects with an `AssertionError` where the adapter breaks it. */
  readonly run: () => Promise<void>
}

/** What a case runs on, empty at first and used by no other case. Its functions are called on their own: they must not need `this`. */
export interface Fixture {
  /** Closes everything that the fixture opened, peers included. Called once, also after a failure. */
  end(): Promise<void>
}

/** How a suite opens an adapter. */
export interface Harness<F extends Fixture> {
  /** A fresh, empty fixture. */
  open(): Promise<F>
  /** Case name → the reason why this adapter skips it. A name that no case has, or an empty reason, throws. */
  readonly skip?: Readonly<Record<string, string>>
}

/** Case name → what it does. */
export type Scenarios<F extends Fixture> = Readonly<Record<string, (fixture: F) => Promise<void>>>

async function runScenario<F extends Fixture>(harness: Harness<F>, scenario: (fixture: F) => Promise<void>): Promise<void> {
  const fixture = await harness.open()
  try {
    await scenario(fixture)
  } finally {
    await fixture.end()
  }
}

/** The scenarios as cases of this harness. Throws where `harness.skip` names a case that does not exist, or gives no reason. */
export function casesOf<F extends Fixture>(harness: Harness<F>, groups: readonly Scenarios<F>[]): readonly ConformanceCase[] {
  const skips = new Map(Object.entries(harness.skip ?? {}))
  const cases = groups.flatMap(Object.entries<(fixture: F) => Promise<void>>).map(([name, scenario]): ConformanceCase => {
    const skip = skips.get(name)
    skips.delete(name)
    if (skip === '') throw new Error(`The case "${name}" is skipped without a reason. Say why, or run it.`)
    return { name, run: () => runScenario(harness, scenario), ...(skip === undefined ? {} : { skip }) }
  })
  const unknown = [...skips.keys()].map((name) => `"${name}"`)
  if (unknown.length > 0) throw new Error(`No conformance case is called ${unknown.join(' or ')}. Take it out of the harness' skips.`)
  return cases
}

/** An optional part of an adapter or of its harness that a case needs. Throws where it is missing. */
export function needed<T>(part: T | undefined, what: string): T {
  if (part !== undefined) return part
  throw new Error(`There is no ${what}. Provide it, or skip this case with the reason.`)
}
