import { DefaultLogger, OpenFeature } from '@openfeature/server-sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Case, cases, hasSpecification } from './cases.ts'
import { Scenario } from './scenario.ts'
import { SKIPPED_CASES } from './skipped-cases.ts'
import { runStep } from './step.ts'
import { allSteps } from './steps/all-steps.ts'

/** Counted, so that a lost case fails the tests. */
const CASES = 132
const RUN = 130
const ABSENT = 'this clone has no ../shared/openfeature beside it'

const all = hasSpecification ? cases() : []
const run = all.filter((each) => reasonOf(each) === undefined)
let passed = 0

function reasonOf({ feature, name }: Case): string | undefined {
  return SKIPPED_CASES.find((out) => out.feature === feature && out.name === name)?.reason
}

async function playCase({ steps: lines }: Case): Promise<void> {
  const scenario = new Scenario()
  try {
    for (const line of lines) await runStep(line, allSteps, scenario)
  } finally {
    await scenario.end()
  }
}

function summary(): string {
  const reasons = new Map<string, number>()
  for (const each of all) {
    const reason = reasonOf(each)
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  const why = [...reasons].map(([reason, count]) => `${count} because ${reason}`).join(', ')
  return `OpenFeature gherkin: ${all.length} cases, ${run.length} run, ${passed} passed, ${all.length - run.length} left out (${why})`
}

beforeAll(() => {
  OpenFeature.setLogger({ error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined })
})

afterAll(() => {
  OpenFeature.setLogger(new DefaultLogger())
  console.log(summary())
})

describe('the gherkin of OpenFeature', () => {
  if (!hasSpecification) {
    // Printed here, because hooks do not run in a file whose tests are all skipped.
    console.log(`OpenFeature gherkin: not run, because ${ABSENT}`)
    test.skip(`is not here: ${ABSENT}`, () => undefined)
    return
  }

  test('has the expected number of cases', () => {
    expect([all.length, run.length]).toEqual([CASES, RUN])
  })

  for (const each of run) {
    test(`${each.feature}.feature:${each.line} ${each.name}`, async () => {
      await playCase(each)
      passed++
    })
  }

  for (const each of all.filter((one) => reasonOf(one) !== undefined)) {
    test(`skips ${each.feature}.feature:${each.line} ${each.name}, because ${reasonOf(each)}`, async () => {
      await expect(playCase(each)).rejects.toMatchObject({ name: 'AssertionError' })
    })
  }
})
