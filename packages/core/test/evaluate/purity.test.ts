import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const SOURCES = new URL('../../src/', import.meta.url)
// Names that make an answer depend on more than its input: time, randomness, I/O, the machine.
const IMPURE = new Set([
  'Date',
  'Math.random',
  'performance',
  'process',
  'crypto',
  'globalThis',
  'fetch',
  'setTimeout',
  'setInterval',
  'require',
  'Intl',
])

// The part of the platform that only computes.
const PURE_IMPORTS: Readonly<Record<string, readonly string[]>> = { 'node:net': ['BlockList', 'isIP'] }

/** The folders whose modules are checked too where an evaluation imports them. */
const CHECKED_FOLDERS = ['evaluate/', 'validate/', 'errors/'].map((folder) => new URL(folder, SOURCES).href)

/** The module's name, once for each name that is imported from it and not known to be pure. */
function impureImports(file: string, node: ts.ImportDeclaration): string[] {
  const from = (node.moduleSpecifier as ts.StringLiteral).text
  const path = from.startsWith('.') ? new URL(from, new URL(file, SOURCES)).href : ''
  if (node.importClause?.isTypeOnly || CHECKED_FOLDERS.some((folder) => path.startsWith(folder))) return []
  const named = node.importClause?.namedBindings
  const names = named !== undefined && ts.isNamedImports(named) ? named.elements.map(({ name }) => name.text) : [from]
  return names.filter((name) => !PURE_IMPORTS[from]?.includes(name)).map(() => from)
}

/** Whether `Date` is used in a way that depends on its arguments alone: for a given moment, or for its prototype. */
function isPureDate(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isNewExpression(parent)) return parent.expression === node && (parent.arguments?.length ?? 0) > 0
  return ts.isPropertyAccessExpression(parent) && parent.name.text === 'prototype'
}

/** What in a module is not pure. */
function impurities(name: string, source: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) found.push(...impureImports(name, node))
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push('import()')
    if (ts.isAwaitExpression(node)) found.push('await')
    if (ts.isIdentifier(node) && IMPURE.has(node.text) && !isMember(node) && !isPureDate(node)) found.push(node.text)
    if (ts.isPropertyAccessExpression(node) && IMPURE.has(node.getText())) found.push(node.getText())
    if (ts.isVariableStatement(node) && ts.isSourceFile(node.parent) && !(node.declarationList.flags & ts.NodeFlags.Const))
      found.push('module state')
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true))
  return found
}

function sourceOf(file: string): string {
  return readFileSync(new URL(file, SOURCES), 'utf8')
}

/** These modules, and all that they import from our own sources, types aside. */
function modulesOf(files: readonly string[]): ReadonlySet<string> {
  const found = new Set(files)
  // Grows while the loop runs.
  for (const file of found) {
    for (const node of ts.createSourceFile(file, sourceOf(file), ts.ScriptTarget.ES2022, true).statements) {
      if (!ts.isImportDeclaration(node) || node.importClause?.isTypeOnly) continue
      const from = (node.moduleSpecifier as ts.StringLiteral).text
      if (from.startsWith('.')) found.add(new URL(from, new URL(file, SOURCES)).href.slice(SOURCES.href.length))
    }
  }
  return found
}

const evaluation = (readdirSync(new URL('evaluate/', SOURCES), { recursive: true }) as string[])
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `evaluate/${file}`)

/** Whether it is the name of something's member, such as `x.process`. */
function isMember(node: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
}

describe('evaluate/ is pure: no I/O, no clock, no randomness', () => {
  for (const file of modulesOf(evaluation)) {
    test(file, () => {
      expect(impurities(file, sourceOf(file))).toEqual([])
    })
  }

  test.each([
    ['Date.now()', ['Date']],
    ['new Date()', ['Date']],
    ['Date()', ['Date']],
    ['process.env', ['process']],
    ['Math.random()', ['Math.random']],
    ['async () => await 1', ['await']],
    ["import { readFileSync } from 'node:fs'", ['node:fs']],
    ["import { BlockList, connect } from 'node:net'", ['node:net']],
    ["import('re2js')", ['import()']],
    ["import { x } from '../layers/compiler.ts'", ['../layers/compiler.ts']],
    ['Date.parse(text)', ['Date']],
    ['let count = 0', ['module state']],
  ])('this test finds %s', (source, impure) => {
    expect(impurities('evaluate/x.ts', source)).toEqual(impure)
  })

  test.each([
    'new Date(ms)',
    'Date.prototype.getTime.call(value)',
    "import { isIP } from 'node:net'",
    "import { x } from '../attribute-path.ts'",
  ])('this test allows %s', (source) => {
    expect(impurities('evaluate/operators/x.ts', source)).toEqual([])
  })
})
