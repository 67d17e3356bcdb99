/**
 * Packs every package and checks what a user gets: publint and attw on the tarball, then an install into a fresh folder
 * and every entry point through `import` and `require`.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { runOrThrow } from './run-command.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MUST_HOLD = ['package.json', 'README.md', 'LICENSE']

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

interface Packed {
  readonly folder: string
  readonly manifest: Manifest
  readonly tarball: string
}

let failures = 0

async function step(title: string, work: () => Promise<string | undefined>): Promise<boolean> {
  const start = performance.now()
  try {
    const note = await work()
    console.log(`ok    ${title}${note ? `: ${note}` : ''} (${Math.round(performance.now() - start)} ms)`)
    return true
  } catch (error) {
    failures++
    console.error(`FAIL  ${title}\n${(error instanceof Error ? error.message : String(error)).replace(/^/gm, '      ')}`)
    return false
  }
}

async function pnpm(args: readonly string[], cwd: string): Promise<string> {
  // Uses the pnpm that runs this script, if any. The path of a standalone pnpm is a program, not a script.
  const own = process.env['npm_execpath']
  if (own && /pnpm/.test(own))
    return /\.[cm]?js$/.test(own) ? runOrThrow(process.execPath, [own, ...args], { cwd }) : runOrThrow(own, args, { cwd })
  return runOrThrow('npx', ['-y', 'pnpm@12', ...args], { cwd })
}

async function pack(folder: string, into: string): Promise<Packed> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
  const tarball = join(into, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
  await pnpm(['pack', '--pack-destination', into], folder)
  return { folder, manifest, tarball }
}

async function contents({ manifest, tarball }: Packed): Promise<string> {
  const listed = await runOrThrow('tar', ['-tzf', tarball])
  const files = listed
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''))
  const missing = MUST_HOLD.filter((file) => !files.includes(file))
  if (missing.length > 0) throw new Error(`the tarball holds no ${missing.join(', ')}`)
  const strays = files.filter((file) => !MUST_HOLD.includes(file) && !/^(dist\/|CHANGELOG\.md$)/.test(file))
  if (strays.length > 0) throw new Error(`the tarball also holds ${strays.join(', ')}`)
  const targets = [...JSON.stringify(manifest.exports).matchAll(/"\.\/([^"]*\.[^"]*)"(?!:)/g)].map(([, file]) => String(file))
  const absent = targets.filter((file) => !files.includes(file))
  if (absent.length > 0) throw new Error(`exports name what the tarball does not hold: ${absent.join(', ')}`)
  const packed = await runOrThrow('tar', ['-xzOf', tarball, 'package/package.json'])
  if (packed.includes('workspace:')) throw new Error('the packed package.json still says "workspace:"')
  return `${files.length} files`
}

async function lint({ tarball }: Packed): Promise<undefined> {
  const packed = await readFile(tarball)
  const bytes = packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength) as ArrayBuffer
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true })
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg) ?? message.code).join('\n'))
}

async function types({ tarball }: Packed): Promise<undefined> {
  // Resolution for Node 10 does not support export subpaths, and no supported Node version uses it.
  const attw = join(ROOT, 'node_modules/.bin/attw')
  await runOrThrow(attw, [tarball, '--profile', 'node16', '--no-color', '--no-emoji', '--format', 'ascii'])
}

async function install(folder: string, packed: readonly Packed[]): Promise<string> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'fresh', private: true, version: '0.0.0' }))
  const peers = peersOf(packed.map(({ manifest }) => manifest))
  const wanted = [...packed.map(({ tarball }) => tarball), ...peers]
  await runOrThrow('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...wanted], {
    cwd: folder,
    env: plainEnv(),
  })
  return `${packed.length} tarballs, ${peers.join(', ')}`
}

/** The peer dependencies that users install themselves, in the range that the tests use. */
function peersOf(manifests: readonly Manifest[]): string[] {
  const own = new Set(manifests.map(({ name }) => name))
  const names = manifests.flatMap(({ peerDependencies = {}, devDependencies = {} }) =>
    Object.entries(peerDependencies)
      .filter(([peer]) => !own.has(peer))
      .map(([peer, range]) => `${peer}@${devDependencies[peer] ?? range}`),
  )
  return [...new Set(names)]
}

/** The environment without the settings that pnpm passes to scripts, which npm would also read. */
function plainEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_/i.test(name)))
}

function entryPoints({ manifest }: Packed): { specifier: string; data: boolean }[] {
  return Object.keys(manifest.exports).map((path) => ({ specifier: manifest.name + path.slice(1), data: path.endsWith('.json') }))
}

async function load(folder: string, specifier: string, data: boolean): Promise<string> {
  const name = JSON.stringify(specifier)
  const attributes = data ? ", { with: { type: 'json' } }" : ''
  const esm = `const m = await import(${name}${attributes}); console.log(Object.keys(m).sort().join())`
  const cjs = `console.log(Object.keys(require(${name})).sort().join())`
  const [imported, required] = await Promise.all([
    runOrThrow(process.execPath, ['--no-warnings', '--input-type=module', '-e', esm], { cwd: folder, timeoutMs: 30_000 }),
    runOrThrow(process.execPath, ['--no-warnings', '-e', cjs], { cwd: folder, timeoutMs: 30_000 }),
  ])
  if (data) return 'both'
  if (imported !== required) throw new Error(`import and require give different names:\n${imported}${required}`)
  return `import and require give the same ${imported.trim().split(',').filter(Boolean).length} names`
}

async function main(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'flagstone-packages-'))
  try {
    const packages = resolve(ROOT, 'packages')
    const packed: Packed[] = []
    for (const name of (await readdir(packages)).sort()) {
      await step(`${name}: pack`, async () => {
        packed.push(await pack(join(packages, name), work))
        return undefined
      })
    }
    for (const one of packed) {
      await step(`${one.manifest.name}: contents`, () => contents(one))
      await step(`${one.manifest.name}: publint`, () => lint(one))
      await step(`${one.manifest.name}: types resolve (attw)`, () => types(one))
    }
    const fresh = await mkdtemp(join(work, 'fresh-'))
    if (await step('install into a fresh folder', () => install(fresh, packed))) {
      for (const one of packed) {
        for (const { specifier, data } of entryPoints(one)) await step(specifier, () => load(fresh, specifier, data))
      }
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  console.log(failures === 0 ? 'packages: all checks passed' : `packages: ${failures} checks failed`)
  process.exitCode = failures === 0 ? 0 : 1
}

await main()
