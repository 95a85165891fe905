// Drives the pages of training and data in Chromium against a server with runs `first`, `second` (finished) and `live` (at work), and a
// corpus `small`. Usage: node train_page_test.mjs URL CHROMIUM [FOLDER for screenshots]
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { has_contrast } from './page_contrast.mjs'

const [url, chromium_path, shots] = process.argv.slice(2)
const web = join(dirname(fileURLToPath(import.meta.url)), '..', 'web')
const { chromium } = createRequire(join(web, 'package.json'))('playwright-core')
const browser = await chromium.launch({ executablePath: chromium_path, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })

async function open_page(at, options = {}) {
  const context = await browser.newContext({ locale: 'ko-KR', viewport: { width: 1280, height: 1000 }, ...options })
  const page = await context.newPage()
  const trouble = []
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(String(error)))
  page.setDefaultTimeout(20000)
  await page.goto(url + '#/' + at)
  await page.locator('.model b').waitFor()
  return { page, context, trouble }
}
const shot = (page, name) => shots && page.screenshot({ path: join(shots, name + '.png'), fullPage: true })
const row = (page, name) => page.locator('#view-train .shown-table tr').filter({ has: page.getByRole('button', { name, exact: true }) })
const drawn = (page, n) => page.waitForFunction((least) => document.querySelectorAll('#view-train .run-plot path:not(.faint)').length >= least, n)

async function draws_curves(page) {
  await drawn(page, 5)
  assert.match(await row(page, 'first').innerText(), /완료/)
  assert.match(await row(page, 'first').innerText(), /llama/)
  const loss = page.getByRole('slider', { name: /손실/ })
  const path = await loss.locator('path.curve0:not(.faint):not(.dashed)').first().getAttribute('d')
  assert.ok(path.split('L').length > 20, 'a curve of many points')
  // Values by keys: the first step, then the next.
  await loss.focus()
  await page.keyboard.press('Home')
  assert.match(await loss.getAttribute('aria-valuetext'), /^1, first: \d/)
  await page.keyboard.press('ArrowRight')
  assert.match(await loss.getAttribute('aria-valuetext'), /^2, first: \d/)
  // By the pointer, in all charts at once.
  await loss.hover({ position: { x: 300, y: 100 } })
  await page.waitForFunction(() => document.querySelectorAll('#view-train .reading').length >= 4)
  assert.match(await page.locator('#view-train .samples, #view-train .train-samples').first().innerText(), /오늘 날씨가/)
  await shot(page, 'train-ko')
}

async function scales_and_smooths(page) {
  const curve = () => page.getByRole('slider', { name: /손실/ }).locator('path.curve0:not(.faint):not(.dashed)').first().getAttribute('d')
  const before = await curve()
  await page.getByLabel('손실 로그').check()
  await page.waitForFunction((old) => !document.querySelector('#view-train .run-chart path.curve0:not(.faint)').getAttribute('d').startsWith(old.slice(0, 40)), before)
  await page.getByLabel('평활').fill('0')
  assert.equal(await page.locator('#view-train .faint').count(), 0, 'without smoothing there is one line')
  await page.getByLabel('가로축').selectOption('seconds')
  const text = await page.locator('#view-train .run-chart').first().innerText()
  assert.match(await page.locator('#view-train .run-chart svg').first().textContent(), /s|:/, text)
  await page.getByLabel('가로축').selectOption('steps')
  await page.getByLabel('손실 로그').uncheck()
}

async function lays_over(page) {
  await page.getByLabel('second 보기').check()
  await drawn(page, 10)
  assert.ok(page.url().endsWith('#/train/first,second'))
  assert.match(await page.locator('#view-train .run-values').first().innerText(), /first.*second/s)
  await shot(page, 'train-two-ko')
  await page.getByLabel('second 보기').uncheck()
  await page.waitForFunction(() => !document.querySelector('#view-train .run-chart .curve1'))
}

async function stops_and_resumes(page) {
  await row(page, 'live').getByRole('button').click()
  await page.locator('#view-train .state-badge.running').first().waitFor()
  const steps = async () => Number((await row(page, 'live').innerText()).match(/([\d,]+)\s*\//)[1].replaceAll(',', ''))
  const before = await steps()
  await page.waitForFunction((old) => Number([...document.querySelectorAll('#view-train tr')].find((tr) => /live/.test(tr.innerText)).innerText.match(/([\d,]+)\s*\//)[1].replaceAll(',', '')) > old, before)
  await shot(page, 'train-live-ko')
  const detail = page.getByRole('region', { name: 'live' })
  await detail.getByRole('button', { name: '중지' }).click()
  const question = page.getByRole('dialog')
  assert.match(await question.innerText(), /‘live’ 학습을 중지할까요/)
  await shot(page, 'train-question-ko')
  await question.getByRole('button', { name: '취소' }).click()
  assert.equal(await row(page, 'live').locator('.state-badge.running').count(), 1, 'nothing happens without a yes')
  await detail.getByRole('button', { name: '중지' }).click()
  await question.getByRole('button', { name: '중지' }).click()
  await row(page, 'live').locator('.state-badge.stopped').waitFor()
  await detail.getByRole('button', { name: '재개' }).click()
  await question.getByRole('button', { name: '재개' }).click()
  await row(page, 'live').locator('.state-badge.running').waitFor()
  await detail.getByRole('button', { name: '중지' }).click()
  await question.getByRole('button', { name: '중지' }).click()
  await row(page, 'live').locator('.state-badge.stopped').waitFor()
}

async function shows_a_corpus(page) {
  await page.getByRole('link', { name: '데이터' }).click()
  const report = page.getByRole('region', { name: '보고서' })
  assert.match(await report.innerText(), /읽은 문서/)
  await report.getByRole('button', { name: 'min_characters' }).click()
  const documents = page.getByRole('region', { name: '문서 살펴보기' })
  await documents.getByText('min_characters').nth(1).waitFor()
  assert.match(await documents.locator('tbody').innerText(), /버림 min_characters\s+\d+ < \d+/)
  await shot(page, 'data-ko')
  await documents.getByRole('button', { name: '남은 문서' }).click()
  await documents.locator('tbody details summary').first().click()
  assert.ok((await documents.locator('tbody pre').first().innerText()).length > 20)
  await documents.getByRole('searchbox').fill('no such document')
  await documents.getByText('해당하는 문서가 없습니다.').waitFor()
}

async function speaks_english_in_the_dark() {
  const { page, context, trouble } = await open_page('train/first,second', { locale: 'en-US', colorScheme: 'dark' })
  await drawn(page, 10)
  assert.match(await page.locator('#view-train').innerText(), /Learning rate/)
  await shot(page, 'train-en-dark')
  await page.getByRole('link', { name: 'Data' }).click()
  await page.getByRole('region', { name: 'Report' }).waitFor()
  await page.getByRole('region', { name: 'Look at documents' }).locator('tbody tr').first().waitFor()
  await shot(page, 'data-en-dark')
  assert.deepEqual(trouble, [])
  await context.close()
}

async function fits_a_phone() {
  const { page, context, trouble } = await open_page('train/first', { locale: 'en-US', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 })
  await drawn(page, 5)
  await shot(page, 'train-phone-en')
  for (const link of ['Training', 'Data']) {
    await page.getByRole('link', { name: link }).click()
    await page.locator('.view:not([hidden]) .shown-table').first().waitFor()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= 360, `${link} is ${width} wide on a phone of 360`)
  }
  assert.deepEqual(trouble, [])
  await context.close()
}

try {
  const { page, context, trouble } = await open_page('train/first')
  await draws_curves(page)
  await has_contrast(page)
  await scales_and_smooths(page)
  await lays_over(page)
  await stops_and_resumes(page)
  await shows_a_corpus(page)
  await has_contrast(page)
  assert.deepEqual(trouble, [], 'errors in the console')
  await context.close()
  await speaks_english_in_the_dark()
  await fits_a_phone()
  console.log('pages of training and data: curves, values, scales, two runs, stop and resume, corpus, documents, languages, dark, phone')
} finally {
  await browser.close()
}
