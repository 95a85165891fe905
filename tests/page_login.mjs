// Gives the page its key, in Chromium, and looks where it stays. Usage: node page_login.mjs URL CHROMIUM KEY
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const [url, chromium, key] = process.argv.slice(2)
const { chromium: browsers } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core')
const browser = await browsers.launch({ executablePath: chromium, headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] })

async function open_tab(context) {
  const page = await context.newPage()
  page.setDefaultTimeout(20000)
  await page.goto(url)
  return page
}

async function logs_in(page, key) {
  await page.locator('#api-key').fill(key)
  await page.locator('form.key button').click()
  await page.locator('.model b').waitFor()
}

async function model_answers(page) {
  const answer = await page.evaluate(async () => {
    const { csrf } = await (await fetch('/session')).json()
    const options = { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Malmoi-CSRF': csrf }, body: '{"content": "a"}' }
    return (await fetch('/tokenize', options)).status
  })
  assert.equal(answer, 200)
}

try {
  const context = await browser.newContext()
  const page = await open_tab(context)
  await page.locator('#api-key').fill('guess')
  await page.locator('form.key button').click()
  await page.locator('form.key [role=alert]').waitFor()
  assert.equal(await page.locator('.model b').count(), 0)

  await logs_in(page, key)
  await model_answers(page)
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the cookie')
  const stored = await page.evaluate(() => JSON.stringify(localStorage) + JSON.stringify(sessionStorage))
  assert.ok(!stored.includes(key), 'the key is kept nowhere')

  // It is asked for once: neither after the page is loaded again, nor in another tab.
  await page.reload()
  await page.locator('.model b').waitFor()
  const second = await open_tab(context)
  await second.locator('.model b').waitFor()
  assert.equal(await second.locator('#api-key').count(), 0)

  // Another tab logs in anew: the token of this one is of a session that is gone, and the page finds the new one by itself.
  await second.evaluate(async (key) => {
    await fetch('/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key }) })
  }, key)
  await page.locator('nav a[href="#/tokens"]').click()
  const answered = page.waitForResponse((response) => response.url().endsWith('/tokenize') && response.status() === 200)
  await page.locator('#token-text').fill('가나다')
  await answered

  const stranger = await open_tab(await browser.newContext())
  await stranger.locator('#api-key').waitFor()
  console.log('the page: a wrong key, a login, a reload, two tabs, a stranger')
} finally {
  await browser.close()
}
