// Drives the page 'explore' in Chromium. Tokens, probabilities and embeddings are the running server's; attention, gaps and
// reasons are answered here, so that any model will do. Usage: node explore_test.mjs URL CHROMIUM [FOLDER for screenshots]
import assert from 'node:assert/strict'
import { open_browser } from './page_support.mjs'

const [url, chromium, shots] = process.argv.slice(2)
const { open_page, shot, has_contrast, show_failure, close } = await open_browser(url, chromium, shots)
const LAYERS = 3
const HEADS = 4

// A token a letter, but for one that three tokens share.
const SPLIT = '뷁'
function tokens_of(text) {
  const bytes = (letter) => [...new TextEncoder().encode(letter)]
  return [...text].flatMap((letter) => (letter === SPLIT ? bytes(letter).map((byte) => ({ text: '\ufffd', bytes: [byte] })) : { text: letter, bytes: bytes(letter) })).map((token, id) => ({ id, ...token }))
}

// Attention like a model's: causal rows that add up to 1, other ones for each layer and head.
function attention({ text, layer = 0, head }) {
  const tokens = tokens_of(text)
  const weights = tokens.map((_, i) => {
    const row = tokens.map((_, j) => (j > i ? 0 : 1 + ((7 * i + 3 * j + 5 * layer + 11 * (head + 1)) % 13)))
    const total = row.reduce((sum, weight) => sum + weight, 0)
    return row.map((weight) => weight / total)
  })
  return { layers: LAYERS, attention_layers: [0, 1, 2], layer, heads: HEADS, kinds: ['self'], kind: 'self', head, tokens, weights }
}
const fill = ({ text }) => ({
  mask: '[MASK]',
  gaps: text.split('[MASK]').slice(1).map((_, i) => [{ text: '좋다', id: 5, probability: 0.6 }, { text: '춥다', id: 6 + i, probability: 0.3 }, { text: '\ufffd', id: 9, bytes: [0xec, 0x9d], probability: 0.1 }]),
})
const classify = ({ text }) => ({
  labels: [{ name: '나쁨', probability: 0.2 }, { name: '좋음', probability: 0.8 }],
  chosen: '좋음',
  tokens: text.split(/(?= )/).flatMap((word) => (word.includes(SPLIT) ? tokens_of(word) : { text: word })).map((token, i) => ({ ...token, share: i % 2 ? -0.5 : 1.25 })),
})
const answers = { attention, fill, classify }
const asked = { attention: [], fill: [], classify: [] }

async function stand_in(page) {
  await page.route('**/explore/*', async (route) => {
    const name = route.request().url().split('/').at(-1)
    const body = route.request().postDataJSON()
    asked[name].push(body)
    await route.fulfill({ json: answers[name](body) })
  })
}
const part = (page, name) => page.getByRole('tab', { name, exact: true }).click()
const fails = (page, code, status) =>
  page.route('**/explore/*', (route) => route.fulfill({ status, json: { error: { message: 'no such thing', type: 'invalid_request_error', param: null, code } } }))

async function tokenizes(page) {
  await part(page, '토큰')
  const panel = page.locator('#explore-tokens')
  await panel.getByLabel('살펴볼 글').fill('말모이 a')
  await panel.locator('.status', { hasText: '토큰 11개 · 글자 5개 · 11바이트' }).waitFor()
  assert.match(await panel.locator('.pieces li').first().innerText(), /= 말/)
  assert.match(await panel.locator('.pieces li').first().innerText(), /⟨EB⟩/)
  await shot(page, 'explore-tokens')
}

const bars = (page) => page.locator('#explore-next .bars li:not(.cut-off)')
const value = (page, i, which) => page.locator('#explore-next .bars li:not(.cut-off)').nth(i).locator('.number').nth(which).innerText()

async function samples(page) {
  await part(page, '다음 토큰')
  const panel = page.locator('#explore-next')
  await panel.getByLabel('살펴볼 글').fill('The weather today is ')
  await panel.locator('.text .given', { hasText: 'today is ' }).waitFor()
  await bars(page).nth(5).waitFor()
  const model = await value(page, 0, 0)
  assert.equal(await value(page, 0, 1), model, 'without samplers the chance is the probability')

  // The samplers are the page's own: nothing is asked of the server while they move.
  await page.waitForTimeout(500)
  let requests = 0
  page.on('request', (request) => (requests += request.url().endsWith('/v1/completions')))
  await panel.getByRole('spinbutton', { name: 'Top-k' }).fill('2')
  await panel.locator('.cut-off', { hasText: 'Top-k' }).waitFor()
  const [a, b] = await Promise.all([0, 1].map(async (i) => [parseFloat(await value(page, i, 0)), parseFloat(await value(page, i, 1))]))
  assert.ok(Math.abs(a[1] + b[1] - 100) < 0.2, `${a[1]} and ${b[1]}`)
  assert.ok(Math.abs(a[1] - (100 * a[0]) / (a[0] + b[0])) < 0.3)
  assert.equal(await value(page, 2, 1), '–')
  assert.equal(requests, 0)

  // The same as the server's own arithmetic says.
  await panel.getByRole('spinbutton', { name: '온도' }).fill('0.7')
  const told = await page.evaluate(async () => {
    const body = { prompt: 'The weather today is ', max_tokens: 1, logprobs: 3, token_details: true, temperature: 0.7, top_k: 2, top_p: 1, min_p: 0, repetition_penalty: 1, ignore_eos: true }
    const answer = await fetch('/v1/completions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    return (await answer.json()).choices[0].logprobs.content[0].top_logprobs.map((token) => 100 * token.chance)
  })
  for (const i of [0, 1]) assert.ok(Math.abs(parseFloat(await value(page, i, 1)) - told[i]) < 0.06, `${await value(page, i, 1)}, the server says ${told[i]}`)
  await shot(page, 'explore-next')

  await panel.getByRole('button', { name: '모두 끄기' }).click()
  await panel.getByRole('spinbutton', { name: '온도' }).fill('0')
  await panel.locator('.cut-off', { hasText: '온도' }).waitFor()
  assert.match(await panel.getByRole('row', { name: /엔트로피/ }).innerText(), /\s0\.00$/)
}

async function steps(page) {
  const panel = page.locator('#explore-next')
  await panel.getByRole('button', { name: '모두 끄기' }).click()
  const tree = panel.getByRole('group', { name: '갈림길' })
  for (let i = 0; i < 3; ++i) {
    const before = await panel.locator('.text b').innerText()
    await panel.getByRole('button', { name: '가장 높은 것' }).click()
    await page.waitForFunction((old) => document.querySelector('#explore-next .text b').innerText !== old, before)
    await bars(page).nth(1).waitFor()
  }
  const written = await panel.locator('.text b').innerText()
  assert.equal(written.length, 3)
  // Back by the tree, on by another way: a second branch beside the first.
  await tree.getByRole('button', { name: /^처음|^글의 처음/ }).click()
  assert.equal(await panel.locator('.text b').innerText(), '')
  await tree.getByRole('button', { name: /^c 4/ }).press('Enter')
  await page.waitForFunction(() => document.querySelector('#explore-next .text b').innerText === 'c')
  assert.equal(await tree.locator('.box:not(.closed)').count(), 5, 'the prompt, three steps, and the other way')
  // The same seed draws the same.
  const drawn = []
  for (let i = 0; i < 2; ++i) {
    await panel.getByRole('button', { name: '뽑기', exact: true }).click()
    await page.waitForFunction(() => document.querySelectorAll('#explore-next .box.walked').length === 3)
    drawn.push(await tree.locator('.box.here').getAttribute('aria-label'))
    await panel.getByRole('button', { name: '한 걸음 뒤로' }).click()
  }
  assert.equal(drawn[0], drawn[1])
  await panel.getByRole('button', { name: '앞을 내다보기' }).click()
  await page.waitForFunction(() => document.querySelectorAll('#explore-next .box:not(.closed)').length >= 8)
  await shot(page, 'explore-tree')
}

async function attends(page) {
  await part(page, '어텐션')
  const panel = page.locator('#explore-attention')
  await panel.getByLabel('살펴볼 글').fill('말모이는 말')
  const map = panel.getByRole('application', { name: /어텐션 지도, 6행 6열/ })
  await map.waitFor()
  // The arrow keys move over the cells, and what is there is said.
  await map.focus()
  await page.keyboard.press('PageDown')
  await page.keyboard.press('Home')
  const want = attention({ text: '말모이는 말', layer: 0, head: -1 }).weights
  const says = async (row, column) => assert.match(await panel.locator('.told').innerText(), new RegExp(`: ${(100 * want[row][column]).toFixed(want[row][column] >= 0.1 ? 1 : 2)}%$`))
  await says(5, 0)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowUp')
  await says(4, 1)
  assert.match(await panel.locator('.told').innerText(), /‘␣’에서 ‘모’로/)
  // So does the pointer.
  const box = await map.boundingBox()
  await page.mouse.move(box.x + box.width - 8, box.y + box.height - 8)
  await says(5, 5)
  // Cells are coloured: one without weight as the card, others not.
  const colours = await panel.locator('canvas').evaluate((canvas) => {
    const context = canvas.getContext('2d')
    return [[5, 0], [0, 0]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3))
  })
  assert.deepEqual(colours[0], [255, 255, 255])
  assert.notDeepEqual(colours[1], colours[0])
  // The table has the strongest of the row.
  assert.equal(await panel.locator('tbody tr').count(), 6)
  const first = Math.max(...want[5])
  assert.match(await panel.locator('tbody tr').first().innerText(), new RegExp((100 * first).toFixed(1) + '%'))

  await panel.getByRole('spinbutton', { name: '층' }).fill('2')
  await panel.getByRole('combobox', { name: '헤드' }).selectOption('3')
  await panel.getByRole('heading', { name: '2층 3번 헤드의 어텐션' }).waitFor()
  await page.waitForTimeout(400)
  assert.deepEqual(asked.attention.at(-1), { model: asked.attention.at(-1).model, text: '말모이는 말', layer: 2, head: 3, kind: 'self' })
  await shot(page, 'explore-attention')
  await panel.getByLabel('이 층의 모든 헤드').check()
  await page.waitForFunction((heads) => document.querySelectorAll('#explore-attention li canvas').length === heads, HEADS)
  const before = asked.attention.length
  await panel.getByRole('button', { name: '헤드 1' }).click()
  await panel.getByRole('heading', { name: '2층 1번 헤드의 어텐션' }).waitFor()
  await page.waitForTimeout(900)
  assert.equal(asked.attention.length, before + 1, 'a head that is chosen is asked for, the others stay as they are')
  assert.equal(await panel.getByRole('combobox', { name: '헤드' }).inputValue(), '1')
  await panel.getByRole('combobox', { name: '보기' }).selectOption('arcs')
  const arcs = panel.getByRole('application', { name: /호로 그린 그림/ })
  await arcs.focus()
  await page.keyboard.press('ArrowLeft')
  await panel.getByRole('application', { name: /‘␣’의 어텐션을 호로/ }).waitFor()
  assert.equal(await arcs.locator('path').count(), 5)
  await shot(page, 'explore-arcs')
}

// Tokens that are parts of a character are called by their bytes, and it is said which character it is.
async function names_parts(page) {
  await part(page, '어텐션')
  const panel = page.locator('#explore-attention')
  await panel.getByRole('combobox', { name: '보기' }).selectOption('map')
  await panel.getByLabel('살펴볼 글').fill('가뷁나')
  const map = panel.getByRole('application', { name: /어텐션 지도, 5행 5열/ })
  await map.waitFor()
  const names = await map.locator('text.bytes').evaluateAll((all) => all.map((one) => one.firstChild.textContent))
  assert.deepEqual(names, ['⟨EB⟩', '⟨B7⟩', '⟨81⟩=뷁', '⟨EB⟩', '⟨B7⟩', '⟨81⟩=뷁'], 'at the rows and at the columns')
  await map.focus()
  await page.keyboard.press('PageDown')
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await panel.locator('.told', { hasText: '⟨EB⟩ (글자의 일부: 뷁)' }).waitFor()
  const bytes = panel.locator('tbody .bytes').first()
  assert.equal(await bytes.getAttribute('title'), '글자의 일부: 뷁')
  assert.match(await bytes.getAttribute('aria-label'), /^글자의 일부: 뷁 ⟨/)
  await panel.getByRole('combobox', { name: '보기' }).selectOption('arcs')
  assert.equal(await panel.locator('svg text.bytes').count(), 3)
  await shot(page, 'explore-parts')
  await part(page, '빈칸')
  await page.locator('#explore-fill').getByRole('button', { name: /⟨EC 9D⟩/ }).first().click()
  assert.equal(await page.locator('#explore-fill mark .bytes').getAttribute('title'), '글자의 일부')
  await part(page, '분류의 까닭')
  await page.locator('#explore-reasons').getByLabel('분류할 글').fill('아주 뷁 같다')
  await page.locator('#explore-reasons .share .joined', { hasText: '=뷁' }).waitFor()
  assert.equal(await page.locator('#explore-reasons .share .bytes').count(), 3)
  assert.ok(!(await page.locator('#view-explore').innerText()).includes('\ufffd'))
}

async function maps(page) {
  await part(page, '임베딩')
  const panel = page.locator('#explore-embedding')
  await panel.getByRole('button', { name: '글 16개를 지도로' }).click()
  const plot = panel.getByRole('application', { name: /주성분 분석.*점 16개/ })
  await plot.waitFor()
  assert.equal(await plot.locator('.point').count(), 16)
  assert.equal(await panel.locator('.legend span').count(), 4)
  assert.match(await plot.innerHTML(), /주성분 1 \(분산의 [\d.]+%/)
  await plot.locator('.point .catch').first().click()
  assert.equal(await panel.locator('tbody tr').count(), 8)
  assert.equal(await plot.locator('line').count(), 8)
  const cosines = (await panel.locator('tbody td').allInnerTexts()).map(Number)
  assert.deepEqual(cosines, [...cosines].sort((a, b) => b - a))
  await shot(page, 'explore-pca')
  // t-SNE moves, and the page goes on meanwhile; the same seed ends in the same map.
  await panel.getByLabel('방법').selectOption('tsne')
  const finished = () => panel.locator('.status', { hasText: '1000단계 가운데 1000단계' }).waitFor({ timeout: 60000 })
  await finished()
  const places = () => panel.locator('.point').evaluateAll((all) => all.map((one) => one.getAttribute('transform')))
  const first = await places()
  await shot(page, 'explore-tsne')
  await panel.getByRole('button', { name: '처음부터' }).click()
  await panel.locator('.status', { hasText: '1000단계 가운데 1000단계' }).waitFor({ state: 'detached', timeout: 500 }).catch(() => {}) // it may be that quick
  await finished()
  assert.deepEqual(await places(), first)
  await panel.getByLabel('시드').fill('2')
  await panel.getByRole('button', { name: '처음부터' }).click()
  await page.waitForFunction((old) => document.querySelector('#explore-embedding .point').getAttribute('transform') !== old, first[0])
}

async function fills(page) {
  await part(page, '빈칸')
  const panel = page.locator('#explore-fill')
  await panel.getByLabel('빈칸이 있는 글').fill('오늘은 ___, 내일은 [MASK].')
  await panel.getByRole('heading', { name: '빈칸 2' }).waitFor()
  assert.equal(asked.fill.at(-1).text, '오늘은 [MASK], 내일은 [MASK].')
  assert.equal(await panel.locator('.text').innerText(), '오늘은 좋다, 내일은 좋다.')
  await panel.getByRole('button', { name: /춥다/ }).last().click()
  assert.equal(await panel.locator('.text').innerText(), '오늘은 좋다, 내일은 춥다.')
  await shot(page, 'explore-fill')
}

async function gives_reasons(page) {
  await part(page, '분류의 까닭')
  const panel = page.locator('#explore-reasons')
  await panel.getByLabel('분류할 글').fill('아주 나쁘지 않다')
  await panel.getByText('고른 이름표: 좋음').waitFor()
  assert.deepEqual(await panel.locator('.share').allInnerTexts(), ['아주', ' 나쁘지', ' 않다'])
  assert.equal(await panel.locator('.share.against').count(), 1)
  assert.match(await panel.locator('.two').innerText(), /80\.0%[\s\S]*20\.0%[\s\S]*\+1\.250[\s\S]*−0\.500/)
  await shot(page, 'explore-reasons')
}

// Parts whose call the model lacks say so, and come to life when it is there.
async function says_what_is_missing(page) {
  // Each part has an address, and the way back.
  assert.match(page.url(), /#\/explore\/reasons$/)
  await page.goBack()
  await page.getByRole('tab', { name: '빈칸', selected: true }).waitFor()
  await page.unroute('**/explore/*')
  await fails(page, 'unknown_url', 404)
  await part(page, '어텐션')
  await page.locator('#explore-attention').getByLabel('살펴볼 글').fill('가나')
  await page.locator('#explore-attention').getByText('이 서버나 모델에서는 어텐션을 볼 수 없습니다').first().waitFor()
  await page.unroute('**/explore/*')
  await fails(page, 'unsupported_parameter', 400)
  await part(page, '분류의 까닭')
  await page.locator('#explore-reasons').getByLabel('분류할 글').fill('가나')
  await page.getByText('이 서버나 모델은 글을 분류하지 않습니다').waitFor()
  await page.unroute('**/explore/*')
  await page.route('**/explore/*', (route) => route.fulfill({ status: 400, json: { error: { message: 'this bert model has no labels', type: 'invalid_request_error', param: 'model', code: null } } }))
  await page.locator('#explore-reasons').getByLabel('분류할 글').fill('가나 ')
  await page.waitForTimeout(900)
  await page.getByText('이 서버나 모델은 글을 분류하지 않습니다').waitFor()
  await page.unroute('**/explore/*')
  await stand_in(page)
  await page.locator('#explore-reasons').getByLabel('분류할 글').fill('가 나')
  await page.getByText('고른 이름표: 좋음').waitFor()
}

async function fits_a_phone() {
  const { page, context, trouble } = await open_page({ at: 'explore', route: stand_in, viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'en-US' })
  for (const name of ['Tokens', 'Next token', 'Attention', 'Embeddings', 'Gaps', 'Reasons']) {
    await part(page, name)
    await page.waitForTimeout(700)
    if (name === 'Embeddings') {
      await page.getByRole('button', { name: /^Map \d+ texts/ }).tap()
      await page.locator('#explore-embedding .point').first().waitFor()
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= 360, `${name}: the page is ${width} wide on a phone of 360`)
    await shot(page, 'explore-phone-' + name.toLowerCase().replace(' ', '-'))
  }
  assert.deepEqual(trouble, [])
  await context.close()
}

try {
  const { page, context, trouble } = await open_page({ at: 'explore', route: stand_in })
  for (const look of [tokenizes, samples, steps, attends, maps, fills, gives_reasons, names_parts]) {
    await look(page)
    await has_contrast(page)
  }
  assert.deepEqual(trouble, [], 'errors in the console, or requests to elsewhere')
  await says_what_is_missing(page)
  await context.close()
  await fits_a_phone()
  console.log('explore: tokens, samplers, steps and tree, attention, maps, gaps, reasons, parts of characters, what is missing, phone, contrast')
} catch (error) {
  await show_failure()
  throw error
} finally {
  await close()
}
