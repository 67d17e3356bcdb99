import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { FlagsError, parseRecord } from '../../../src/adapter.ts'
import { loadOperatorLibraries } from '../../../src/layers/load-operator-libraries.ts'
import { recordOf } from '../views.ts'
import { answer } from './client.ts'
import { flagOf } from './features.ts'
import { LEFT_OUT } from './skipped-cases.ts'
import { type Answer, type Case, cases, specificationVersion } from './specification.ts'
import { Untranslatable } from './untranslatable.ts'

/** Cases in version 6.1.0, and how many of them run: a lost case changes the count. */
const CASES = 279
const RUN = 269

const libraries = await loadOperatorLibraries(new Set(['regExp', 'semver']))
const outcomes = cases().map((each) => ({ ...each, got: outcomeOf(each) }))
const files = [...new Set(outcomes.map(({ file }) => file))]
const run = outcomes.filter((outcome) => !isLeftOut(outcome))
const passed = run.filter(({ got, expected }) => isDeepStrictEqual(got, expected))

function outcomeOf(each: Case): Answer | Untranslatable {
  try {
    return answer(each, libraries)
  } catch (error) {
    if (error instanceof Untranslatable) return error
    throw error
  }
}

function isLeftOut(each: Case): boolean {
  return LEFT_OUT.some(({ file, description }) => file === each.file && description === each.description)
}

function summary(): string {
  const reasons = new Map<string, number>()
  for (const { reason } of LEFT_OUT) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  const why = [...reasons].map(([reason, count]) => `${count} because ${reason}`).join(', ')
  const counts = `${outcomes.length} cases, ${run.length} run, ${passed.length} passed, ${outcomes.length - run.length} left out`
  return `Unleash client specification ${specificationVersion()}: ${counts} (${why})`
}

afterAll(() => console.log(summary()))

describe('the client specification of Unleash', () => {
  test('has the cases that were counted, and none is lost', () => {
    expect([specificationVersion(), outcomes.length, run.length]).toEqual(['6.1.0', CASES, RUN])
  })

  test.each(files)('gets the answers that %s expects', (file) => {
    const here = run.filter((outcome) => outcome.file === file)
    const answers = here.map(({ description, got }) => [description, got instanceof Untranslatable ? got.lack : got])
    expect(answers).toEqual(here.map(({ description, expected }) => [description, expected]))
  })

  for (const { file, description, reason, instead } of LEFT_OUT) {
    test(`leaves out "${description}" in ${file}, because ${reason}`, () => {
      const [found, ...others] = outcomes.filter((outcome) => outcome.file === file && outcome.description === description)
      expect([found?.description, others]).toEqual([description, []])
      expect(found?.got instanceof Untranslatable ? found.got.lack : found?.got).toEqual(instead ?? reason)
      expect(found?.got).not.toEqual(found?.expected)
    })
  }

  test('asks about flags that a store accepts, except one with an unknown operator', () => {
    const asked = run.flatMap(({ state, toggleName }) => {
      const feature = state.features.find(({ name }) => name === toggleName)
      return feature === undefined ? [] : [recordOf(flagOf(feature, state))]
    })
    const refused = asked.filter((record) => parseRecord(record.name, record) instanceof FlagsError)
    expect(refused.map(({ name }) => name)).toEqual(['F7.invalid-operator'])
  })
})
