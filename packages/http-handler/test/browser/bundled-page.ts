import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles the page's script into one file, as an application would. */
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
