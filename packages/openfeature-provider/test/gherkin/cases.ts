import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AstBuilder, compile, GherkinClassicTokenMatcher, Parser } from '@cucumber/gherkin'
import { IdGenerator, type Pickle, type PickleStep } from '@cucumber/messages'

/** A folder beside the repository with data of the OpenFeature project, which is never copied into it. */
export const SPECIFICATION_FOLDER: string = fileURLToPath(new URL('../../../../../shared/openfeature', import.meta.url))

/** Whether the folder exists. */
export const hasSpecification: boolean = existsSync(join(SPECIFICATION_FOLDER, 'evaluation.feature'))

const FEATURES = ['evaluation', 'evaluation_v2', 'contextMerging', 'hooks', 'metadata']

/** One scenario, or one row of its examples. */
export interface Case {
  readonly feature: string
  readonly name: string
  /** Its line in the file. */
  readonly line: number
  readonly steps: readonly PickleStep[]
}

export function cases(): readonly Case[] {
  return FEATURES.flatMap((feature) =>
    picklesOf(feature).map(({ name, location, steps }) => ({ feature, name, steps, line: location?.line ?? 0 })),
  )
}

function picklesOf(feature: string): readonly Pickle[] {
  const newId = IdGenerator.incrementing()
  const parser = new Parser(new AstBuilder(newId), new GherkinClassicTokenMatcher())
  return compile(parser.parse(readFileSync(join(SPECIFICATION_FOLDER, `${feature}.feature`), 'utf8')), feature, newId)
}
