import { findBrowser, isNotAvailable } from '@flagstone/services'
import { expect, test } from 'vitest'
import type { HandlerOptions } from '../../src/index.ts'
import { EventsFixture } from '../events/events-fixture.ts'
import { startLoopbackServer } from '../loopback-server.ts'
import { bundledPage } from './bundled-page.ts'
import { openBrowser } from './open-browser.ts'

const found = await findBrowser()
const absent = isNotAvailable(found) ? found.absent : undefined
if (absent !== undefined) console.log(`A browser page is not tested: ${absent}`)
const because = absent === undefined ? '' : ` (${absent})`

interface Way {
  readonly way: string
  /** In milliseconds; 0: it never polls. */
  readonly poll: number
  readonly options: Partial<HandlerOptions>
}

const WAYS: readonly Way[] = [
  { way: 'polls every 100 ms', poll: 100, options: {} },
  { way: 'listens and never polls', poll: 0, options: { eventStreamUrl: '/events' } },
]

test.skipIf(isNotAvailable(found)).each(WAYS)(
  `a page in a browser that $way turns a feature on after an update, without a reload${because}`,
  { timeout: 120_000 },
  async ({ way, poll, options }) => {
    const fixture = new EventsFixture({}, { public: 'evaluate', ...options })
    await fixture.store.create({ name: 'new_feature', rollout: 0 })
    const script = await bundledPage()
    const statuses: number[] = []
    let onUnchanged = (): void => undefined
    const unchanged = new Promise<void>((resolve) => {
      onUnchanged = resolve
    })
    const loopback = await startLoopbackServer(async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/') return html('<!doctype html><title>…</title><script type="module" src="/page.js"></script>')
      if (pathname === '/page.js') return new Response(script, { headers: { 'Content-Type': 'text/javascript' } })
      const response = await fixture.eventsHandler(request)
      if (pathname.startsWith('/ofrep')) statuses.push(response.status)
      if (response.status === 304) onUnchanged()
      return response
    })
    const browser = await openBrowser('file' in found ? found.file : '')
    try {
      const page = await browser.context.newPage()
      const failures: string[] = []
      page.on('pageerror', ({ message }) => failures.push(message))
      await page.goto(`${loopback.url}/?poll=${poll}`)
      await page.waitForFunction("document.title === 'off'")
      const loaded = await page.locator('html').getAttribute('data-loaded')
      // The page has polled, or is connected and was told to fetch again.
      await unchanged
      const from = performance.now()
      await fixture.flags.admin.update('new_feature', { rollout: 100 })
      await page.waitForFunction("document.title === 'on'")
      const took = Math.round(performance.now() - from)
      const version = browser.context.browser()?.version() ?? ''
      console.log(
        `Chromium ${version}: a page that ${way} turned the feature on ${took} ms after the update (it was answered ${statuses.join(', ')})`,
      )
      expect([await page.locator('html').getAttribute('data-loaded'), failures]).toEqual([loaded, []])
      expect(statuses.filter((status) => status === 200)).toHaveLength(2)
      expect(statuses.filter((status) => status !== 200 && status !== 304)).toEqual([])
    } finally {
      await browser.close()
      await loopback.close()
      await fixture.close()
    }
  },
)

function html(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'text/html; charset=utf-8' } })
}
