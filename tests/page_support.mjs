// What the browser tests of the page share: a browser, a page that notes what goes wrong in it, and the contrast of what it shows.
import { join } from 'node:path'
import { createRequire } from 'node:module'

const { chromium: browsers } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core')
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export const launch = (chromium) => browsers.launch({ executablePath: chromium, headless: true, args: flags })

/** `route(page)`: before the page is opened. `trouble`: errors in the console, and requests to elsewhere. */
export async function open_page(browser, url, { route = async () => {}, ...options } = {}) {
  const context = await browser.newContext({ locale: 'ko-KR', viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const trouble = []
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(String(error)))
  page.on('request', (request) => request.url().startsWith(new URL(url).origin) || request.url().startsWith('data:') || trouble.push('outside: ' + request.url()))
  page.setDefaultTimeout(20000)
  await route(page)
  await page.goto(url)
  await page.locator('.model b').waitFor()
  return { page, context, trouble }
}

/** Takes a picture where a folder is given. */
export const shot = (page, folder, name) => folder && page.screenshot({ path: join(folder, name + '.png'), fullPage: true })

/** Texts whose contrast with their background is below 4.5 to 1 (WCAG AA), in both themes. */
export async function poor_contrast(page) {
  const poor = []
  for (const theme of ['light', 'dark']) {
    await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme)
    const found = await page.evaluate(() => {
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
    poor.push(...found.map((one) => `${theme}: ${one}`))
  }
  await page.evaluate(() => delete document.documentElement.dataset.theme)
  return poor
}
