// What the browser tests of the page share: a browser, pages that note what goes wrong in them, pictures, and contrast.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createRequire } from 'node:module'

const { chromium: browsers } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core')
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** `shots`: a folder for pictures, or nothing. */
export async function open_browser(url, chromium, shots) {
  const browser = await browsers.launch({ executablePath: chromium, headless: true, args: flags })

  /** `at`: the page's name; `refusals`: whether the test asks for answers that are no success; `route(page)`: before it is opened. */
  async function open_page({ at, refusals = false, route = async () => {}, ...options } = {}) {
    const context = await browser.newContext({ locale: 'ko-KR', viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const trouble = []
    // A browser logs every answer that is no success; those that a test asks for, and paths that a server may lack, are no trouble.
    const expected = (message) => /status of 4\d\d/.test(message.text()) && (refusals || message.location().url.includes('/admin/'))
    page.on('console', (message) => message.type() === 'error' && !expected(message) && trouble.push(message.text()))
    page.on('pageerror', (error) => trouble.push(String(error)))
    page.on('request', (request) => request.url().startsWith(url) || request.url().startsWith('data:') || trouble.push('outside: ' + request.url()))
    page.setDefaultTimeout(20000)
    await route(page)
    await page.goto(url + '#/' + (at ?? 'complete'))
    await page.locator('.model b').waitFor()
    return { page, context, trouble }
  }
  const shot = (page, name) => shots && page.screenshot({ path: join(shots, name + '.png'), fullPage: true })
  /** What the pages look like when a check failed. */
  async function show_failure() {
    for (const context of browser.contexts()) for (const page of context.pages()) await shot(page, 'failed')
  }
  return { open_page, shot, has_contrast, show_failure, close: () => browser.close() }
}

// Text against its background: at least 4.5 to 1 (WCAG AA), in both themes.
async function has_contrast(page) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme)
    const poor = await page.evaluate(() => {
      const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number)
      const light = ([r, g, b]) => {
        const f = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b)
      }
      const behind = (node) => {
        for (; node; node = node.parentElement) {
          const c = parse(getComputedStyle(node).backgroundColor)
          if (c.length === 3 || c[3] > 0.99) return c
        }
        return [255, 255, 255]
      }
      const bad = []
      for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())
        if (!own || !node.checkVisibility() || node.closest(':disabled, .hidden, noscript')) continue
        const style = getComputedStyle(node)
        const written = node instanceof SVGElement ? style.fill : style.color
        const [a, b] = [light(parse(written)), light(behind(node))].sort((x, y) => y - x)
        const ratio = (a + 0.05) / (b + 0.05)
        if (ratio < 4.5) bad.push(`${node.tagName} "${node.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`)
      }
      return bad
    })
    assert.deepEqual(poor, [], theme)
  }
  await page.evaluate(() => delete document.documentElement.dataset.theme)
}
