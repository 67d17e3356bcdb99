import ts from 'typescript'
import type { CodeBlock, Document } from './document.ts'

/**
 * A program in a document. A block `ts` starts one, `ts continue` continues it, and `ts types` is a separate program that only declares
 * types and is not run.
 */
export interface Program {
  readonly document: string
  /** The line of its first line of code. */
  readonly line: number
  readonly runs: boolean
  /** Line numbers are those of the document. */
  readonly source: string
}

export interface Programs {
  readonly programs: readonly Program[]
  /** Errors about blocks that are none of the three kinds. */
  readonly problems: readonly string[]
}

/** The info string of TypeScript and JavaScript, whether valid or not. */
const CODE = /^([cm]?[jt]sx?|typescript|javascript)\b/i

export function programsOf({ path, blocks }: Document): Programs {
  const started: { first: CodeBlock; blocks: CodeBlock[] }[] = []
  const problems: string[] = []
  for (const block of blocks.filter(({ info }) => CODE.test(info))) {
    const running = started.findLast(({ first }) => first.info === 'ts')
    if (block.info === 'ts' || block.info === 'ts types') started.push({ first: block, blocks: [block] })
    else if (block.info === 'ts continue' && running) running.blocks.push(block)
    else problems.push(`${path}:${block.line - 1}: ${refusal(block.info)}`)
  }
  const programs = started.map(
    ({ first, blocks }): Program => ({ document: path, line: first.line, runs: first.info === 'ts', source: sourceOf(blocks) }),
  )
  for (const program of programs) if (!program.runs) problems.push(...statementsIn(program))
  return { programs, problems }
}

function refusal(info: string): string {
  if (info === 'ts continue') return 'there is no block above that it could continue'
  return `a block marked "${info}" is not run; mark it "ts", "ts continue" or "ts types"`
}

function sourceOf(blocks: readonly CodeBlock[]): string {
  const lines: string[] = []
  for (const { line, code } of blocks) for (const [index, text] of code.entries()) lines[line - 1 + index] = text
  return Array.from(lines, (text) => text ?? '').join('\n')
}

/** The statements in a `ts types` block that are not types. Without this check, such a block could hide code that never runs. */
function statementsIn({ document, source }: Program): string[] {
  const file = ts.createSourceFile('types.mts', source, ts.ScriptTarget.Latest)
  const others = file.statements.filter(
    (statement) => !(ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || isTypeImport(statement)),
  )
  return others.map((statement) => {
    const { line } = file.getLineAndCharacterOfPosition(statement.getStart(file))
    return `${document}:${line + 1}: a block marked "ts types" holds more than types`
  })
}

function isTypeImport(statement: ts.Statement): boolean {
  return ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly === true
}
