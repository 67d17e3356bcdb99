import type { PickleStep } from '@cucumber/messages'
import type { Scenario } from './scenario.ts'

/** What a line of a scenario does: its groups, and the table below it. */
export interface Step {
  readonly pattern: RegExp
  run(scenario: Scenario, groups: readonly string[], table: readonly (readonly string[])[]): unknown
}

/** Rejects where no step, or more than one, takes the line. */
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
