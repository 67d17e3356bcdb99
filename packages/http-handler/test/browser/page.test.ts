import { findBrowser, isAbsent } from '@flagstone/services'
import { expect, test } from 'vitest'
import { listen } from '../loopback.ts'
import { Site } from '../site.ts'
import { openBrowser } from './browser.ts'
import { bundledPage } from './bundle.ts'

const found = await findBrowser()
const absent = isAbsent(found) ? found.absent : undefined
if (absent !== undefined) console.log(`A browser page is not tested: ${absent}`)
const because = absent === undefined ? '' : ` (${absent})`

test.skipIf(isAbsent(found))(
  `a page in a browser turns a feature on after an update, without a reload${because}`,
  { timeout: 120_000 },
  async () => {
    const site = new Site()
    await site.store.create({ name: 'new_feature', rollout: 0 })
    const script = await bundledPage()
    const handler = site.handler({ public: 'evaluate' })
    const polls: number[] = []
    const loopback = await listen(async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/') return html('<!doctype html><title>…</title><script type="module" src="/page.js"></script>')
      if (pathname === '/page.js') return new Response(script, { headers: { 'Content-Type': 'text/javascript' } })
      const response = await handler(request)
      if (pathname.startsWith('/ofrep')) polls.push(response.status)
      return response
    })
    const browser = await openBrowser('file' in found ? found.file : '')
    try {
      const page = await browser.context.newPage()
      const failures: string[] = []
      page.on('pageerror', ({ message }) => failures.push(message))
      await page.goto(loopback.url)
      await page.waitForFunction("document.title === 'off'")
      const loaded = await page.locator('html').getAttribute('data-loaded')
      const from = performance.now()
      await site.flags.admin.update('new_feature', { rollout: 100 })
      await page.waitForFunction("document.title === 'on'")
      const took = Math.round(performance.now() - from)
      const version = browser.context.browser()?.version() ?? ''
      console.log(
        `Chromium ${version}: the page turned the feature on ${took} ms after the update (it polls every 100 ms: ${polls.join(', ')})`,
      )
      expect([await page.locator('html').getAttribute('data-loaded'), failures]).toEqual([loaded, []])
      expect(polls.filter((status) => status === 200)).toHaveLength(2)
      expect(polls.filter((status) => status !== 200 && status !== 304)).toEqual([])
    } finally {
      await browser.close()
      await loopback.close()
      await site.end()
    }
  },
)

function html(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'text/html; charset=utf-8' } })
}
