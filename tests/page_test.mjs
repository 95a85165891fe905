// Drives the page in Chromium against a running server. Usage: node page_test.mjs URL CHROMIUM [FOLDER for screenshots]
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { checks_chat, composes } from './page_chat.mjs'
import { checks_frame, checks_models, checks_status } from './page_frame.mjs'

const [url, chromium, shots] = process.argv.slice(2)
const { chromium: browsers } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core')
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const browser = await browsers.launch({ executablePath: chromium, headless: true, args: flags })

async function open_page({ at, refusals = false, ...options } = {}) {
  const context = await browser.newContext({ locale: 'ko-KR', viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const trouble = []
  // A browser logs every answer that is no success; those that a test asks for, and paths that a server may lack, are no trouble.
  const expected = (message) => /status of 4\d\d/.test(message.text()) && (refusals || message.location().url.includes('/admin/'))
  page.on('console', (message) => message.type() === 'error' && !expected(message) && trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(String(error)))
  page.on('request', (request) => request.url().startsWith(url) || request.url().startsWith('data:') || trouble.push('outside: ' + request.url()))
  page.setDefaultTimeout(20000)
  await page.goto(url + '#/' + (at ?? 'complete'))
  await page.locator('.model b').waitFor()
  return { page, context, trouble }
}
const shot = (page, name) => shots && page.screenshot({ path: join(shots, name + '.png'), fullPage: true })
const count = (page) => page.locator('#view-complete .chip').count()
const settled = (page, view) => page.waitForFunction((v) => !document.querySelector(`#${v} .caret`) && document.querySelector(`#${v} .chip`), view)

async function completes(page) {
  await page.locator('#prompt').fill('오늘 날씨가')
  await page.locator('#view-complete .settings input[type=number]').first().fill('0.9')
  await page.locator('#view-complete').getByRole('spinbutton', { name: '반복 페널티' }).fill('1')
  await page.locator('#view-complete').getByLabel('시드').fill('7')
  await page.getByRole('button', { name: '이어쓰기 Ctrl + Enter' }).click()
  // Streamed: some chips while it is still running.
  await page.waitForFunction(() => document.querySelectorAll('#view-complete .chip').length > 2)
  await settled(page, 'view-complete')
  const text = await page.locator('#view-complete .chips').innerText()
  assert.match(text, /[가-힣]/)
  assert.ok((await count(page)) > 20, text)
  // A Korean syllable is one chip although it is three tokens here; each has its alternatives.
  const korean = page.locator('#view-complete .chip').filter({ hasText: /^[가-힣]$/ }).first()
  await korean.click()
  const detail = page.getByRole('region', { name: '선택한 토큰' })
  await detail.waitFor()
  assert.match(await detail.innerText(), /토큰 3개/)
  assert.equal(await detail.locator('.bars').count(), 3)
  assert.equal(await detail.locator('.bars').first().locator('li').count(), 10)
  assert.match(await detail.locator('.bars .number').first().innerText(), /%$/)
  // A part of a character says which: the first one a range, the last one the character that it completes.
  const chosen = (part) => detail.locator('.bars').nth(part).locator('.chosen .piece').innerText()
  assert.match(await chosen(0), /^[가-힣]–[가-힣]$/)
  assert.equal(await chosen(2), await korean.innerText())
  await shot(page, 'complete-ko')
  return text
}

async function keys_reach_tokens(page) {
  await page.locator('#view-complete .chip').first().focus()
  await page.keyboard.press('ArrowRight')
  assert.equal(await page.locator('#view-complete .chip').nth(1).getAttribute('aria-selected'), 'true')
  await page.keyboard.press('End')
  assert.equal(await page.locator('#view-complete .chip').last().getAttribute('aria-selected'), 'true')
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('#view-complete .detail').count(), 0)
}

async function branches(page, before) {
  const chips = page.locator('#view-complete .chip')
  const kept = (await chips.nth(0).innerText()) + (await chips.nth(1).innerText())
  await chips.nth(2).click()
  const bars = page.locator('#view-complete .detail .bars').first()
  await bars.locator('li:not(.chosen) button').first().click()
  // It begins anew only when the server has said what the prompt's tokens are.
  await page.waitForFunction((old) => document.querySelector('#view-complete .chips').innerText !== old, before)
  await settled(page, 'view-complete')
  const after = await page.locator('#view-complete .chips').innerText()
  assert.ok(after.startsWith(kept), `${JSON.stringify(after)} does not begin with ${JSON.stringify(kept)}`)
  assert.notEqual(after, before)
}

async function regenerates_and_stops(page, context) {
  // A slow line, so that there is time to stop.
  const cdp = await context.newCDPSession(page)
  const line = (rate) => cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: rate, uploadThroughput: -1 })
  await cdp.send('Network.enable')
  await line(30000)
  await page.locator('#view-complete').getByLabel('최대 토큰 수').fill('400')
  await page.locator('#view-complete').getByRole('button', { name: '다시 생성', exact: true }).click()
  await page.waitForFunction(() => document.querySelectorAll('#view-complete .chip').length > 1)
  await page.getByRole('button', { name: '중지' }).click()
  await page.locator('#view-complete .status', { hasText: '중지했습니다' }).waitFor()
  const stopped = await count(page)
  await page.waitForTimeout(200)
  assert.equal(await count(page), stopped)
  await page.locator('#view-complete').getByLabel('최대 토큰 수').fill('40')
  await line(-1)
  await cdp.detach()
}

async function shows_the_next_token(page) {
  const next = page.getByRole('region', { name: '다음 토큰' })
  const numbers = (kind) => next.locator('.number' + kind).allInnerTexts()
  const asked = () => page.waitForResponse((response) => response.url().endsWith('/v1/completions'))
  let answer = asked()
  await page.locator('#prompt').fill('오늘 날씨가 너무')
  await answer
  await next.locator('.bars li').nth(5).waitFor()
  // A token taken from the list is written on; what follows then is shown: here 좋, 춥 or 덥, by their first bytes.
  answer = asked()
  await next.locator('.bars button', { hasText: '␣' }).first().click()
  assert.equal(await page.locator('#prompt').inputValue(), '오늘 날씨가 너무 ')
  await answer
  await next.locator('.bars .piece', { hasText: '쀀–쿿' }).first().waitFor()
  assert.equal(await next.locator('.bars button', { hasText: '쀀–쿿' }).count(), 0, 'half a character cannot be taken')
  // A lower temperature changes the chances, not the model's probabilities.
  const [model, chances] = [await numbers(':not(.strong)'), await numbers('.strong')]
  answer = asked()
  await page.locator('#view-complete input[type=range]').first().fill('0.1')
  await answer
  await page.waitForFunction((old) => document.querySelector('#view-complete aside .card:not(.detail) .number.strong')?.textContent !== old, chances[0])
  assert.deepEqual(await numbers(':not(.strong)'), model)
  await page.locator('#view-complete').getByRole('button', { name: '기본값으로' }).click()
}

async function language_and_theme(page, context) {
  await page.getByRole('button', { name: 'English' }).click()
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  await page.getByRole('link', { name: 'Continue' }).waitFor()
  await page.getByLabel('Theme').selectOption('dark')
  await shot(page, 'complete-en-dark')
  const again = await context.newPage()
  await again.goto(url)
  await again.getByRole('link', { name: 'Chat' }).waitFor() // remembered
  assert.equal(await again.locator('html').getAttribute('data-theme'), 'dark')
  await again.close()
  await page.getByLabel('Theme').selectOption('auto')
  await page.getByRole('button', { name: '한국어' }).click()
  assert.equal(await page.locator('html').getAttribute('lang'), 'ko')
}

async function tokenizes(page) {
  await page.getByRole('link', { name: '토큰' }).click()
  await page.locator('#token-text').fill('말모이 a<|endoftext|>')
  await page.locator('.pieces li').nth(4).waitFor()
  assert.match(await page.locator('#view-tokens .status').innerText(), /토큰 12개 · 글자 18개 · 24바이트/)
  assert.match(await page.locator('.pieces li').first().innerText(), /= 말/)
  await shot(page, 'tokens-ko')
  await page.getByLabel('ID만 보기').check()
  assert.match(await page.locator('.ids').innerText(), /^\[235, 167, 144, .*, 256\]$/)
}

async function fits_a_phone() {
  const { page, context, trouble } = await open_page({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'en-US' })
  await page.locator('#prompt').fill('The weather')
  await page.getByRole('button', { name: 'Continue', exact: true }).tap()
  await page.waitForFunction(() => document.querySelectorAll('#view-complete .chip').length > 2)
  await settled(page, 'view-complete')
  await page.locator('#view-complete .chip').nth(1).tap()
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  assert.ok(width <= 360, `the page is ${width} wide on a phone of 360`)
  await shot(page, 'phone-en')
  assert.deepEqual(trouble, [])
  await context.close()
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
        const [a, b] = [light(parse(style.color)), light(behind(node))].sort((x, y) => y - x)
        const ratio = (a + 0.05) / (b + 0.05)
        if (ratio < 4.5) bad.push(`${node.tagName}.${node.className} "${node.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`)
      }
      return bad
    })
    assert.deepEqual(poor, [], theme)
  }
  await page.evaluate(() => delete document.documentElement.dataset.theme)
}

try {
  const { page, context, trouble } = await open_page()
  const text = await completes(page)
  await has_contrast(page)
  await keys_reach_tokens(page)
  await branches(page, text)
  await regenerates_and_stops(page, context)
  await shows_the_next_token(page)
  await language_and_theme(page, context)
  await composes(page, context, shot)
  await has_contrast(page)
  await tokenizes(page)
  assert.deepEqual(trouble, [], 'errors in the console, or requests to elsewhere')
  await context.close()
  await fits_a_phone()
  const tools = { open_page, shot, has_contrast }
  await checks_frame(tools)
  await checks_chat(tools)
  await checks_models(tools)
  await checks_status(tools)
  console.log('the page: completion, probabilities, keyboard, branches, stop, next token, languages, composition, tokens, phone, contrast, shortcuts, chat, models, status')
} catch (error) {
  // What the page looked like when a check failed.
  if (shots) for (const context of browser.contexts()) await context.pages()[0]?.screenshot({ path: join(shots, 'failed.png'), fullPage: true })
  throw error
} finally {
  await browser.close()
}
