import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { readScripts, unknownCommands } from './markdown/commands.ts'
import { readDocuments } from './markdown/document.ts'
import { freshServices } from './markdown/fresh-services.ts'
import { openProgramRunner } from './markdown/program-runner.ts'
import { programsOf } from './markdown/programs.ts'
import { deadReferences } from './markdown/references.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = await readDocuments(root)
const scripts = await readScripts(root)
const runner = await openProgramRunner(root)
afterAll(() => runner.close())

describe.each(documents)('$path', (document) => {
  const { programs, problems } = programsOf(document)

  test('names only files, headings and commands that exist', async () => {
    expect([...(await deadReferences(document, root)), ...unknownCommands(document, scripts)]).toEqual([])
  })

  test('marks each of its blocks of code as one that runs, one that continues, or types', () => {
    expect(problems).toEqual([])
  })

  test.each(programs.filter(({ runs }) => runs))('runs the program at line $line', { timeout: 60_000 }, async (program) => {
    const services = await freshServices(inject('databaseUrl'), inject('redisUrl'))
    try {
      expect(await runner.run(program, services.env)).toBeUndefined()
    } finally {
      await services.drop()
    }
  })
})

test('every block of code in the documents compiles', { timeout: 60_000 }, async () => {
  expect(await runner.typeErrors(documents.flatMap((document) => programsOf(document).programs))).toEqual([])
})
