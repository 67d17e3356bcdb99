import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const FOLDER = new URL('../../src/evaluate/', import.meta.url)
// What would make an answer depend on more than its input: time, chance, the world outside, the machine.
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

/** What a module uses that is not pure. */
function impurities(name: string, source: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) {
      const from = (node.moduleSpecifier as ts.StringLiteral).text
      if (!from.startsWith('./') && from !== '../errors.ts') found.push(from)
    }
    if (ts.isAwaitExpression(node)) found.push('await')
    if (ts.isIdentifier(node) && IMPURE.has(node.text) && !ts.isPropertyAccessExpression(node.parent)) found.push(node.text)
    if (ts.isPropertyAccessExpression(node) && IMPURE.has(node.getText())) found.push(node.getText())
    if (ts.isPropertyAccessExpression(node) && IMPURE.has(node.expression.getText())) found.push(node.expression.getText())
    if (ts.isVariableStatement(node) && ts.isSourceFile(node.parent) && !(node.declarationList.flags & ts.NodeFlags.Const))
      found.push('module state')
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true))
  return found
}

describe('evaluate/ is pure: no I/O, no clock, no randomness', () => {
  for (const file of readdirSync(FOLDER)) {
    test(file, () => {
      expect(impurities(file, readFileSync(new URL(file, FOLDER), 'utf8'))).toEqual([])
    })
  }

  test.each([
    ['Date.now()', ['Date']],
    ['new Date()', ['Date']],
    ['Math.random()', ['Math.random']],
    ['async () => await 1', ['await']],
    ["import { readFileSync } from 'node:fs'", ['node:fs']],
    ['let count = 0', ['module state']],
  ])('and this test would see %s', (source, seen) => {
    expect(impurities('x.ts', source)).toEqual(seen)
  })
})
