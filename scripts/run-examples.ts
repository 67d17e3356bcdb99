/**
 * Runs each `examples/<name>/main.ts` twice, with nothing configured and on real services. Fails if one fails or does not
 * end by itself.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServices } from '@flagstone/services'
import { runCommand } from './run-command.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EXAMPLES = join(ROOT, 'examples')
const CAP_MS = 60_000
let failures = 0

async function run(name: string, on: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const { DATABASE_URL: _, REDIS_URL: __, ...env } = process.env
  const ran = await runCommand(join(ROOT, 'node_modules/.bin/tsx'), [join(EXAMPLES, name, 'main.ts')], {
    cwd: EXAMPLES,
    env: { ...env, ...variables },
    timeoutMs: CAP_MS,
  })
  const ended = ran.late ? `still running after ${CAP_MS / 1000} s` : `exit code ${ran.code ?? ran.signal}`
  console.log(`${ran.code === 0 ? 'ok  ' : 'FAIL'}  ${name}, ${on}: ${ended}, ${(ran.ms / 1000).toFixed(1)} s`)
  if (ran.code === 0) return
  failures++
  console.log(ran.output.replace(/^/gm, '      '))
}

async function main(): Promise<void> {
  const folders = (await readdir(EXAMPLES)).sort()
  const examples = folders.filter((name) => existsSync(join(EXAMPLES, name, 'main.ts')))
  for (const name of examples) await run(name, 'nothing configured', {})
  const services = await startServices()
  try {
    for (const { product, origin } of [services.postgres, services.redis]) console.log(`services: ${product} from ${origin}`)
    for (const name of examples) await run(name, 'real services', { DATABASE_URL: services.postgres.url, REDIS_URL: services.redis.url })
  } finally {
    await services.stop()
  }
  const summary = failures === 0 ? 'all ended well' : `${failures} runs failed`
  console.log(`examples: ${examples.length} examples, ${summary}`)
  process.exitCode = failures === 0 ? 0 : 1
}

await main()
