import type { PickleStep } from '@cucumber/messages'
import type { Scenario } from './scenario.ts'

/** A step definition. It gets the groups of its pattern, and the table below the line. */
export interface Step {
  readonly pattern: RegExp
  run(scenario: Scenario, groups: readonly string[], table: readonly (readonly string[])[]): unknown
}

/** Runs the step of a line. Rejects if no step, or more than one, matches the line. */
export async function runStep(line: PickleStep, steps: readonly Step[], scenario: Scenario): Promise<void> {
  const found = steps.flatMap((step) => {
    const groups = step.pattern.exec(line.text)
    return groups === null ? [] : [{ step, groups: groups.slice(1) }]
  })
  const [only, ...others] = found
  if (only === undefined || others.length > 0) throw new Error(`${found.length} steps for: ${line.text}`)
  const rows = line.argument?.dataTable?.rows ?? []
  await only.step.run(
    scenario,
    only.groups,
    rows.map(({ cells }) => cells.map(({ value }) => value)),
  )
}
