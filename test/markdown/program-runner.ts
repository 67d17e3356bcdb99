import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { runCommand } from '../../scripts/run-command.ts'
import type { Program } from './programs.ts'

const CAP_MS = 30_000

/** A program is done when its last line has run. Servers and pools that it leaves open end with its process. */
const RUN = `
await import(process.argv[2])
setTimeout(() => process.exit(), 20)
`

const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  noEmit: true,
}

/** Writes the programs of documents to files, next to the modules that the examples depend on, and runs them. */
export interface ProgramRunner {
  readonly folder: string
  /** The compiler's errors for these programs. */
  typeErrors(programs: readonly Program[]): Promise<readonly string[]>
  /** Runs the program to its last line. Resolves with the error, or `undefined`. */
  run(program: Program, env: Readonly<Record<string, string>>): Promise<string | undefined>
  /** Removes all files. */
  close(): Promise<void>
}

/** Rejects if the packages are not built, because programs import them as users do. */
export async function openProgramRunner(root: string): Promise<ProgramRunner> {
  const unbuilt = ['core', 'http-handler', 'openfeature-provider', 'pg-adapter', 'redis-adapter'].filter(
    (name) => !existsSync(join(root, 'packages', name, 'dist/index.d.ts')),
  )
  if (unbuilt.length > 0) throw new Error(`Build the packages first: npx -y pnpm@12 build (${unbuilt.join(', ')})`)
  const parent = join(root, 'examples/node_modules/.cache')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'markdown-'))
  const runner = join(folder, 'run.mjs')
  await writeFile(runner, RUN)

  async function write(program: Program): Promise<string> {
    const file = join(folder, `${program.document.replaceAll('/', '-')}.${program.line}.mts`)
    await writeFile(file, program.source)
    return file
  }

  return {
    folder,
    async typeErrors(programs) {
      const files = await Promise.all(programs.map(write))
      const options = { ...COMPILER, typeRoots: [join(root, 'node_modules/@types')] }
      const errors = ts.getPreEmitDiagnostics(ts.createProgram(files, options))
      return errors.map((error) => {
        const text = ts.flattenDiagnosticMessageText(error.messageText, '\n')
        const program = programs[files.indexOf(error.file?.fileName ?? '')]
        const line = error.file?.getLineAndCharacterOfPosition(error.start ?? 0).line ?? 0
        return program ? `${program.document}:${line + 1}: ${text}` : text
      })
    },
    async run(program, env) {
      const file = await write(program)
      const { PATH = '', HOME = '' } = process.env
      const tsx = join(root, 'node_modules/.bin/tsx')
      const ran = await runCommand(tsx, [runner, file], { cwd: folder, env: { PATH, HOME, ...env }, timeoutMs: CAP_MS })
      if (ran.code === 0) return undefined
      const how = ran.late ? `did not reach its last line within ${CAP_MS / 1_000} s` : `ended with ${ran.code ?? ran.signal}`
      const output = ran.output.replaceAll(`file://${file}`, program.document).replaceAll(file, program.document)
      return `the program at ${program.document}:${program.line} ${how}\n${output.trim()}`
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
