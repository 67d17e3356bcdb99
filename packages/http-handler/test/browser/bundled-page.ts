import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The page's script, in one file, as a bundler would make it of an application. */
export async function bundledPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page-script.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'chrome110',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
