import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { fetchDebianPackage } from '../src/binaries/fetch-debian-package.ts'
import { isNotAvailable, type PrivateService, startPrivateNginx } from '../src/index.ts'
import { isAlive, waitUntilGone } from './processes.ts'

const started: PrivateService[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()))
})

const first = await startPrivateNginx({ server: '' })
const absent = isNotAvailable(first) ? first.absent : undefined
if (isNotAvailable(first)) console.log(`nginx is not tested: ${first.absent}`)
else await first.stop()

async function start(server: string): Promise<PrivateService> {
  const service = await startPrivateNginx({ server })
  if (isNotAvailable(service)) throw new Error(service.absent)
  started.push(service)
  return service
}

describe.skipIf(absent !== undefined)(`a private nginx${absent === undefined ? '' : ` (${absent})`}`, () => {
  test('follows its directives, and is reachable only on this machine', async () => {
    const [one, two] = await Promise.all([start('location / { return 200 one; }'), start('location / { return 200 two; }')])
    expect([await (await fetch(one.url)).text(), await (await fetch(two.url)).text()]).toEqual(['one', 'two'])
    expect([one.kind, one.product.split(' ')[0], one.port === two.port]).toEqual(['nginx', 'nginx', false])
    expect(one.url).toBe(`http://127.0.0.1:${one.port}`)
  })

  test('is gone with all of its processes when it is stopped', async () => {
    const service = await start('')
    const { pid } = service
    expect(isAlive(pid)).toBe(true)
    await Promise.all([service.stop(), service.stop()])
    await waitUntilGone(pid)
    await expect(fetch(service.url)).rejects.toThrow()
  })

  test('reports the directive that it refuses', async () => {
    await expect(startPrivateNginx({ server: 'no_such_directive on;' })).rejects.toThrow(/does not come up: .*no_such_directive/)
  })

  test.skipIf(!existsSync('/usr/bin/apt-get'))('can be fetched without being installed', { timeout: 240_000 }, async (context) => {
    const binaries = await fetchDebianPackage({ name: 'nginx', program: 'usr/sbin/nginx', version: '-v' })
    if (isNotAvailable(binaries)) return context.skip(binaries.absent)
    const service = await startPrivateNginx({ binaries, server: 'location / { return 200 fetched; }' })
    if (isNotAvailable(service)) throw new Error(service.absent)
    started.push(service)
    expect(await (await fetch(service.url)).text()).toBe('fetched')
    expect(service.origin).toContain('not installed')
  })
})
