import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from '../binaries/binaries.ts'
import { fetchDebianPackage } from '../binaries/fetch-debian-package.ts'
import { findNginx } from '../binaries/find-binaries.ts'
import { createServerFolder } from '../processes/server-folder.ts'
import { errorReason } from '../service/error-reason.ts'
import { isNotAvailable, type NotAvailable } from '../service/not-available.ts'
import { NGINX_IS_UP } from '../service/probe.ts'
import type { PrivateService } from '../service/service.ts'
import { startPrivateServer } from './private-server.ts'

export interface PrivateNginxOptions {
  /** The program to run; by default the one on this machine, else a fetched one. */
  readonly binaries?: Binaries
  /** Directives for `http { … }`, such as a `proxy_cache_path`; a path without a slash is in the server's own folder. */
  readonly http?: string
  /** Directives for `server { … }`. */
  readonly server: string
}

/** Starts an nginx that is reachable on 127.0.0.1 only, or returns why there is none. Rejects if nginx refuses the directives. */
export async function startPrivateNginx(options: PrivateNginxOptions): Promise<PrivateService | NotAvailable> {
  const binaries = options.binaries ?? (await findOrFetchNginx())
  if (isNotAvailable(binaries)) return binaries
  const folder = await createServerFolder('nginx')
  const placed = await binaries.place(folder.path).catch(async (error: unknown) => {
    await folder.remove()
    throw error
  })
  const file = join(folder.path, 'nginx.conf')
  return await startPrivateServer({
    kind: 'nginx',
    origin: binaries.origin,
    folder,
    file: join(placed.folder, 'nginx'),
    env: placed.env,
    stopSignal: 'SIGTERM',
    args: (port) => {
      // nginx takes its port only from the configuration file.
      writeFileSync(file, configuration(options, port))
      return ['-p', folder.path, '-c', file, '-e', 'stderr']
    },
    url: (port) => `http://127.0.0.1:${port}`,
  })
}

async function findOrFetchNginx(): Promise<Binaries | NotAvailable> {
  try {
    const found = await findNginx()
    if (!isNotAvailable(found)) return found
    const fetched = await fetchDebianPackage({ name: 'nginx', program: 'usr/sbin/nginx', version: '-v' })
    return isNotAvailable(fetched) ? { absent: `${found.absent}; ${fetched.absent}` } : fetched
  } catch (error) {
    return { absent: errorReason(error) }
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
