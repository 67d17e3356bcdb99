import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

export interface CodeBlock {
  /** The text after the fence, such as `ts` or `ts continue`. */
  readonly info: string
  /** The line of its first line of code, counted from 1. */
  readonly line: number
  readonly code: readonly string[]
}

/** A link's target, or a text in backticks. */
export interface Mention {
  readonly line: number
  readonly text: string
}

export interface Document {
  /** The path from the repository's root. */
  readonly path: string
  readonly blocks: readonly CodeBlock[]
  readonly spans: readonly Mention[]
  readonly links: readonly Mention[]
  /** The anchors that a link may name after `#`. */
  readonly anchors: ReadonlySet<string>
}

const NAMED = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']
const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/
const SPAN = /(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g
const LINKS = [/\]\(\s*<?([^()\s<>]+)>?(?:\s+"[^"]*")?\s*\)/g, /^\s*\[[^\]]+\]:\s*(\S+)/gm, /\b(?:href|src)="([^"]+)"/g]

/** The documents that are checked. Rejects if one that every clone has is missing. */
export async function readDocuments(root: string): Promise<readonly Document[]> {
  const packages = (await readdir(join(root, 'packages'))).map((name) => join('packages', name, 'README.md'))
  const paths = [...NAMED, ...packages, ...(await markdownUnder(root, 'docs'))]
  return await Promise.all(paths.map(async (path) => parseDocument(path, await readFile(join(root, path), 'utf8'))))
}

async function markdownUnder(root: string, folder: string): Promise<string[]> {
  if (!existsSync(join(root, folder))) return []
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name))).sort()
}

export function parseDocument(path: string, text: string): Document {
  const { blocks, prose } = split(text.split('\n'))
  const spans = mentions(prose, SPAN, 2)
  // Replaced by blanks, so that line numbers stay the same.
  const unquoted = prose.replace(SPAN, (span) => span.replace(/[^\n]/g, ' '))
  const links = LINKS.flatMap((pattern) => mentions(unquoted, pattern, 1))
  return { path, blocks, spans, links, anchors: anchorsOf(prose) }
}

function split(lines: readonly string[]): { blocks: CodeBlock[]; prose: string } {
  const blocks: CodeBlock[] = []
  const prose: string[] = []
  let open: { indent: number; fence: string; info: string; line: number; code: string[] } | undefined
  for (const [index, line] of lines.entries()) {
    const [, indent = '', fence = '', info = ''] = FENCE.exec(line) ?? []
    prose.push(open || fence ? '' : line)
    if (open === undefined) {
      if (fence) open = { indent: indent.length, fence, info, line: index + 2, code: [] }
    } else if (fence.startsWith(open.fence) && info === '') {
      blocks.push(open)
      open = undefined
    } else {
      open.code.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)))
    }
  }
  if (open) blocks.push(open)
  return { blocks, prose: prose.join('\n') }
}

function mentions(text: string, pattern: RegExp, group: number): Mention[] {
  return [...text.matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index + match[0].search(/\S/)).split('\n').length,
    text: (match[group] ?? '').replace(/\s+/g, ' ').trim(),
  }))
}

/** The anchors that GitHub creates for headings. */
function anchorsOf(prose: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of prose.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = text.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`
    anchors.add(anchor)
  }
  return anchors
}
