// What the browser tests of the page share: a browser, pages that note what goes wrong in them, pictures, and contrast.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { has_contrast } from './page_contrast.mjs'

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
    const expected = (message) => /status of 4\d\d/.test(message.text()) && (refusals || /\/(admin\/|runs$|data$)/.test(message.location().url))
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

