import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchDebian } from './fetch-debian.ts'
import { findNginx } from './find-binaries.ts'
import { guardedFolder } from './guarded-folder.ts'
import { startInstance } from './instance.ts'
import { NGINX_IS_UP } from './probe.ts'
import { type Absent, type Binaries, isAbsent, type PrivateService, reasonOf } from './service.ts'

export interface PrivateNginxOptions {
  /** Which program to run; by default the one on this machine, else a fetched one. */
  readonly binaries?: Binaries
  /** Directives for `http { … }`, such as a `proxy_cache_path`; a path without a slash is in the server's own folder. */
  readonly http?: string
  /** Directives for `server { … }`. */
  readonly server: string
}

/** Starts an nginx of its own, reachable on 127.0.0.1 only, or answers why there is none. Rejects where it refuses its directives. */
export async function startPrivateNginx(options: PrivateNginxOptions): Promise<PrivateService | Absent> {
  const binaries = options.binaries ?? (await anyNginx())
  if (isAbsent(binaries)) return binaries
  const folder = await guardedFolder('nginx')
  const placed = await binaries.place(folder.path).catch(async (error: unknown) => {
    await folder.remove()
    throw error
  })
  const file = join(folder.path, 'nginx.conf')
  return await startInstance({
    kind: 'nginx',
    origin: binaries.origin,
    folder,
    file: join(placed.folder, 'nginx'),
    env: placed.env,
    stopSignal: 'SIGTERM',
    args: (port) => {
      // It takes its port from nowhere else.
      writeFileSync(file, configuration(options, port))
      return ['-p', folder.path, '-c', file, '-e', 'stderr']
    },
    url: (port) => `http://127.0.0.1:${port}`,
  })
}

async function anyNginx(): Promise<Binaries | Absent> {
  try {
    const found = await findNginx()
    if (!isAbsent(found)) return found
    const fetched = await fetchDebian({ name: 'nginx', program: 'usr/sbin/nginx', version: '-v' })
    return isAbsent(fetched) ? { absent: `${found.absent}; ${fetched.absent}` } : fetched
  } catch (error) {
    return { absent: reasonOf(error) }
  }
}

function configuration({ http = '', server }: PrivateNginxOptions, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name}_temp;`)
  return `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join(' ')}
  ${http}
  server {
    listen 127.0.0.1:${port};
    location = ${NGINX_IS_UP} { return 204; }
    ${server}
  }
}
`
}
