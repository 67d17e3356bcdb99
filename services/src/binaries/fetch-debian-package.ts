import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, constants, cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { errorReason } from '../service/error-reason.ts'
import type { NotAvailable } from '../service/not-available.ts'
import type { Binaries, PlacedBinaries } from './binaries.ts'

const run = promisify(execFile)
const UPDATE_TIMEOUT_MS = 180_000

/** A package of a Debian-like distribution, and the program in it. */
export interface DebianPackage {
  /** The package with the program; also its name in the cache folder. */
  readonly name: string
  /** Further packages to fetch. */
  readonly others?: readonly string[]
  /** The program's path in the package, such as `usr/sbin/nginx`. */
  readonly program: string
  /** The argument that prints the version. */
  readonly version: string
}

/** Fetches a program from the distribution's package and unpacks it into the cache folder, without installing it. */
export async function fetchDebianPackage(wanted: DebianPackage): Promise<Binaries | NotAvailable> {
  const { name, program } = wanted
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg')) return { absent: `${name} can be fetched with apt-get only` }
  try {
    const unpacked = join(await cacheFolder(), `${name}-${await release()}-${process.arch}`)
    if (!(await works(unpacked, wanted))) await fetchInto(unpacked, wanted)
    return {
      origin: `private instance of the ${name} package (fetched, not installed)`,
      place: async (folder) => {
        const copy = join(folder, 'programs')
        await cp(unpacked, copy, { recursive: true, verbatimSymlinks: true })
        return await placed(copy, program)
      },
    }
  } catch (error) {
    return { absent: `${name} cannot be fetched (${errorReason(error)})` }
  }
}

async function fetchInto(unpacked: string, wanted: DebianPackage): Promise<void> {
  const work = await mkdtemp(`${unpacked}-`)
  try {
    const root = join(work, 'root')
    await mkdir(join(work, 'lists/partial'), { recursive: true })
    await mkdir(join(work, 'archives/partial'), { recursive: true })
    await mkdir(root)
    const apt = aptOptions(work)
    await run('apt-get', [...apt, 'update'], { timeout: UPDATE_TIMEOUT_MS })
    // Uses the machine's own package status, so that apt-get fetches exactly the libraries that are missing.
    const packages = [wanted.name, ...(wanted.others ?? [])]
    await run('apt-get', [...apt, '--download-only', '--no-install-recommends', '--reinstall', '-y', 'install', ...packages], {
      timeout: UPDATE_TIMEOUT_MS,
    })
    for (const archive of await readdir(join(work, 'archives'))) {
      if (archive.endsWith('.deb')) await run('dpkg', ['-x', join(work, 'archives', archive), root])
    }
    if (!(await works(root, wanted))) throw new Error(`the unpacked ${wanted.program} does not run`)
    await rm(unpacked, { recursive: true, force: true })
    await rename(root, unpacked).catch(async (error: unknown) => {
      // Another process has unpacked it meanwhile.
      if (!(await works(unpacked, wanted))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function aptOptions(work: string): string[] {
  const options = {
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'Dir::Log': work,
    'Debug::NoLocking': 'true',
    // As root, apt-get would otherwise download as a user that cannot write to this folder.
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
    'Acquire::Retries': '2',
  }
  return ['-q', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
}

async function placed(root: string, program: string): Promise<PlacedBinaries> {
  const folders = ['usr/lib', 'lib', ...(await multiarch(join(root, 'usr/lib'), 'usr/lib')), ...(await multiarch(join(root, 'lib'), 'lib'))]
  return { folder: dirname(join(root, program)), env: { LD_LIBRARY_PATH: folders.map((folder) => join(root, folder)).join(':') } }
}

async function multiarch(folder: string, prefix: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => name.includes('-linux-')).map((name) => `${prefix}/${name}`)
}

async function works(root: string, { program, version }: DebianPackage): Promise<boolean> {
  const { env } = await placed(root, program)
  return run(join(root, program), [version], { env: { ...process.env, ...env }, timeout: 5000 }).then(
    () => true,
    () => false,
  )
}

async function cacheFolder(): Promise<string> {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  for (const folder of [join(base, 'flagstone'), join(tmpdir(), `flagstone-cache-${process.getuid?.() ?? 0}`)]) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.W_OK)
      return folder
    } catch {}
  }
  throw new Error('no cache folder is writable')
}

async function release(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^VERSION_CODENAME=(\w+)/m.exec(text)?.[1] ?? 'unknown'
}
