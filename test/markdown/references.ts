import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { type Document, type Mention, parseDocument } from './document.ts'

const ELSEWHERE = /^([a-z][a-z0-9+.-]*:|\/\/)/i
const FILE = /^[\w.@/-]+\.(ts|mts|cts|js|mjs|cjs|json|md|sql|sh|yml|yaml|toml|svg|png)$/

/** The relative links and the paths in backticks whose target does not exist. */
export async function deadReferences(document: Document, root: string): Promise<readonly string[]> {
  const dead: string[] = []
  for (const link of document.links) {
    const why = ELSEWHERE.test(link.text) ? undefined : await deadLink(link, document, root)
    if (why !== undefined) dead.push(`${document.path}:${link.line}: ${why}`)
  }
  for (const { line, text } of document.spans) {
    const path = text.replace(/:\d+$/, '')
    // A path that begins with `@` is a module, and one that begins with `/` is outside this repository.
    if (!path.includes('/') || !FILE.test(path) || /^[@/]/.test(path)) continue
    const places = [join(root, path), join(root, dirname(document.path), path)]
    if (!places.some((place) => existsSync(place))) dead.push(`${document.path}:${line}: there is no file ${text}`)
  }
  return dead
}

async function deadLink({ text }: Mention, from: Document, root: string): Promise<string | undefined> {
  const [target = '', anchor] = text.split('#', 2)
  const path = target === '' ? from.path : normalize(join(dirname(from.path), decodeURI(target)))
  if (path.startsWith('..') || (target !== '' && !existsSync(join(root, path)))) return `the link ${text} leads nowhere`
  if (anchor === undefined || !path.endsWith('.md')) return undefined
  const { anchors } = target === '' ? from : parseDocument(path, await readFile(join(root, path), 'utf8'))
  return anchors.has(anchor) ? undefined : `${path} has no heading #${anchor}`
}
