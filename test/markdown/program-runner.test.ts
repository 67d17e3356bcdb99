import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { afterAll, expect, inject, test } from 'vitest'
import { readScripts, unknownCommands } from './commands.ts'
import { parseDocument } from './document.ts'
import { type FreshServices, freshServices } from './fresh-services.ts'
import { openProgramRunner } from './program-runner.ts'
import { type Program, programsOf } from './programs.ts'
import { deadReferences } from './references.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runner = await openProgramRunner(root)
afterAll(() => runner.close())

function block(info: string, ...code: string[]): string {
  return [`\`\`\`${info}`, ...code, '```', ''].join('\n')
}

function onlyProgram(...blocks: string[]): Program {
  const { programs, problems } = programsOf(parseDocument('docs/page.md', blocks.join('Some words.\n\n')))
  expect(problems).toEqual([])
  expect(programs).toHaveLength(1)
  return programs[0] as Program
}

async function withServices<T>(use: (services: FreshServices) => Promise<T>): Promise<T> {
  const services = await freshServices(inject('databaseUrl'), inject('redisUrl'))
  try {
    return await use(services)
  } finally {
    await services.drop()
  }
}

const OPEN = block(
  'ts',
  `import { createFlags } from '@flagstone/core'`,
  `import { migrate, postgresStore } from '@flagstone/pg-adapter'`,
  `import { redisCache } from '@flagstone/redis-adapter'`,
  `const { DATABASE_URL = '', REDIS_URL = '' } = process.env`,
  `await migrate({ url: DATABASE_URL })`,
  `const flags = createFlags({ store: postgresStore({ url: DATABASE_URL }), cache: redisCache({ url: REDIS_URL }) })`,
  `await flags.admin.create({ name: 'new_feature', rollout: 100 })`,
)

test('a block and its continuation are one program on real services, and may leave connections open', async () => {
  const check = block('ts continue', `if (!(await flags.isEnabled('new_feature', 'ada'))) throw new Error('off')`)
  const program = onlyProgram(OPEN, check)
  expect(await runner.typeErrors([program])).toEqual([])
  expect(await withServices(({ env }) => runner.run(program, env))).toBeUndefined()
}, 60_000)

test('each program gets an empty database, which is dropped afterwards', async () => {
  const first = await withServices(async ({ env }) => {
    const second = await withServices((other) => Promise.resolve(other.env))
    expect(second.DATABASE_URL).not.toBe(env.DATABASE_URL)
    expect(second.REDIS_URL).not.toBe(env.REDIS_URL)
    return env
  })
  const sql = postgres(inject('databaseUrl'), { max: 1 })
  const name = new URL(first.DATABASE_URL).pathname.slice(1)
  expect(await sql`SELECT 1 FROM pg_database WHERE datname = ${name}`).toHaveLength(0)
  await sql.end()
})

test('a program that throws fails, with the line in the document', async () => {
  const broken = block('ts continue', '', `throw new Error('not as described')`)
  const problem = await runner.run(onlyProgram(block('ts', 'const a: number = 1', 'console.log(a)'), broken), {})
  expect(problem).toContain('the program at docs/page.md:2 ended with 1')
  expect(problem).toMatch(/docs\/page\.md:9:\d+/)
  expect(problem).toContain('not as described')
})

test('an unhandled rejection fails', async () => {
  expect(await runner.run(onlyProgram(block('ts', `void Promise.reject(new Error('unseen'))`)), {})).toContain('unseen')
})

test('a program that does not compile is reported with its line, even if it would run', async () => {
  const program = onlyProgram(
    block('ts', `import { createFlags, memoryStore } from '@flagstone/core'`, 'createFlags({ stor: memoryStore() })'),
  )
  expect(await runner.typeErrors([program])).toEqual([expect.stringMatching(/^docs\/page\.md:3: .*'stor' does not exist/s)])
}, 60_000)

test('types are compiled and not run, and a types block may hold nothing else', async () => {
  const types = onlyProgram(block('ts types', `import type { FlagRecord } from '@flagstone/core'`, 'type Name = FlagRecord["nam"]'))
  expect(types.runs).toBe(false)
  expect(await runner.typeErrors([types])).toEqual([expect.stringMatching(/^docs\/page\.md:3: .*'nam'/)])
  const hidden = programsOf(parseDocument('page.md', block('ts types', 'interface A {}', 'await somethingThatIsNeverRun()')))
  expect(hidden.problems).toEqual(['page.md:3: a block marked "ts types" holds more than types'])
}, 60_000)

test.each(['js', 'typescript', 'ts no-run', 'ts fragment', 'TS', 'tsx', 'javascript'])('a block marked %j is refused', (info) => {
  const { programs, problems } = programsOf(parseDocument('page.md', `Words.\n\n${block(info, 'a()')}`))
  expect(programs).toEqual([])
  expect(problems).toEqual([`page.md:3: a block marked "${info}" is not run; mark it "ts", "ts continue" or "ts types"`])
})

test('a block cannot continue a program that does not exist', () => {
  expect(programsOf(parseDocument('page.md', block('ts continue', 'a()'))).problems).toEqual([
    'page.md:1: there is no block above that it could continue',
  ])
})

test('a block inside a list loses its indentation, and one that is never closed still counts', () => {
  const { blocks } = parseDocument('page.md', '- item\n\n  ```ts\n  const a = `\n    x`\n  ```\n\n~~~ts\nrest()')
  expect(blocks).toEqual([
    expect.objectContaining({ info: 'ts', line: 4, code: ['const a = `', '  x`'] }),
    expect.objectContaining({ info: 'ts', line: 9, code: ['rest()'] }),
  ])
})

test('a dead link, a dead heading and a missing file are reported with their line', async () => {
  const lines = [
    '# A page: `of` words',
    '[dead](missing.md) [up](../README-not-there.md) [out](../../elsewhere.md)',
    '[self](#a-page-of-words) [wrong](#nowhere) [web](https://example.com/x.md) ![picture](missing.svg)',
    '`packages/core/src/index.ts`, `../package.json`, `@flagstone/core/adapter.ts`, `packages/core/src/index.ts:3`',
    '`packages/core/src/missing.ts` and `either/or`',
    '',
    '[reference]: missing-too.md',
  ]
  expect((await deadReferences(parseDocument('docs/page.md', lines.join('\n')), root)).toSorted()).toEqual([
    'docs/page.md:2: the link ../../elsewhere.md leads nowhere',
    'docs/page.md:2: the link ../README-not-there.md leads nowhere',
    'docs/page.md:2: the link missing.md leads nowhere',
    'docs/page.md:3: docs/page.md has no heading #nowhere',
    'docs/page.md:3: the link missing.svg leads nowhere',
    'docs/page.md:5: there is no file packages/core/src/missing.ts',
    'docs/page.md:7: the link missing-too.md leads nowhere',
  ])
})

test('a command that is not a script is reported, in backticks and in blocks', async () => {
  const lines = [
    'Run `npx -y pnpm@12 test`, `pnpm demo`, `pnpm example <name>`, `pnpm example quickstart`, `pnpm install`, `pnpm`.',
    'Or `pnpm example nothing` or `npx -y pnpm@12 tset`.',
    block('sh', 'npm install && pnpm run build && pnpm --silent run deploy # pnpm comment'),
  ]
  expect(unknownCommands(parseDocument('page.md', lines.join('\n')), await readScripts(root))).toEqual([
    'page.md:2: pnpm knows no script example nothing',
    'page.md:2: pnpm knows no script tset',
    'page.md:4: pnpm knows no script deploy',
  ])
})

test('the files of programs are ignored by git, and removed at the end', async () => {
  const other = await openProgramRunner(root)
  expect(other.folder).toContain('/node_modules/')
  await other.close()
  expect(existsSync(other.folder)).toBe(false)
})
