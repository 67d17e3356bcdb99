import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document, Mention } from './document.ts'

/** The scripts of the repository, and of its examples, which `pnpm example` runs. */
export interface Scripts {
  readonly root: ReadonlySet<string>
  readonly examples: ReadonlySet<string>
}

const COMMAND = /(?:^|[\s$(&|;])(?:npx -y pnpm@12|pnpm)\s+([^`&|;)]+)/g
const SHELL = /^(sh|bash|zsh|shell|console)\b/
/** The built-in commands of pnpm that these documents may use. */
const OF_PNPM = new Set(['install', 'add', 'remove', 'update', 'exec', 'dlx', 'pack', 'publish', 'why'])
const PLACEHOLDER = /^[<[…]/

export async function readScripts(root: string): Promise<Scripts> {
  const [own, examples] = await Promise.all([scriptsOf(join(root, 'package.json')), scriptsOf(join(root, 'examples/package.json'))])
  return { root: own, examples }
}

async function scriptsOf(manifest: string): Promise<ReadonlySet<string>> {
  const { scripts = {} } = JSON.parse(await readFile(manifest, 'utf8')) as { scripts?: Record<string, string> }
  return new Set(Object.keys(scripts))
}

/** The pnpm commands, in backticks or in a block, that are not scripts of the repository. */
export function unknownCommands({ path, spans, blocks }: Document, scripts: Scripts): readonly string[] {
  const shell = blocks.filter(({ info }) => SHELL.test(info))
  const lines = shell.flatMap(({ line, code }) =>
    code.map((text, index): Mention => ({ line: line + index, text: text.replace(/(^|\s)#.*/, '') })),
  )
  return [...spans, ...lines].flatMap(({ line, text }) =>
    [...text.matchAll(COMMAND)].flatMap(([, words = '']) => {
      const wrong = unknown(words.trim().split(/\s+/), scripts)
      return wrong === undefined ? [] : [`${path}:${line}: pnpm knows no script ${wrong}`]
    }),
  )
}

function unknown(words: readonly string[], { root, examples }: Scripts): string | undefined {
  const [first, second] = words.filter((word) => !word.startsWith('-') && word !== 'run')
  if (first === undefined || OF_PNPM.has(first)) return undefined
  if (!root.has(first)) return first
  if (first !== 'example' || second === undefined || PLACEHOLDER.test(second) || examples.has(second)) return undefined
  return `example ${second}`
}
