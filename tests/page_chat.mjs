// The page's chat in Chromium, run by page_test.mjs: composition, branches, history, Markdown, tools, files, settings. Where
// it matters what a model says, the answer is one that was written here.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

const ended = (page) => page.waitForFunction(() => document.querySelector('#view-chat article.assistant') && !document.querySelector('#view-chat .caret'))
const users = (page) => page.locator('#view-chat article.user .text').allInnerTexts()
const answers = (page) => page.locator('#view-chat article.assistant .answer-text')

async function ask(page, text) {
  await page.locator('#message').fill(text)
  await page.waitForTimeout(60) // a second Enter that comes at once is taken for the same one
  await page.locator('#message').press('Enter')
  await page.waitForFunction((said) => [...document.querySelectorAll('#view-chat article.user .text')].at(-1)?.textContent === said, text)
  await ended(page)
}

/** Answers every chat with pieces of our own, and gives the bodies of the requests. */
async function scripted(page, ...scripts) {
  const bodies = []
  await page.unrouteAll()
  await page.route('**/v1/chat/completions', (route) => {
    bodies.push(route.request().postDataJSON())
    const deltas = scripts[Math.min(bodies.length, scripts.length) - 1]
    const chunk = (delta, finish_reason = null) => 'data: ' + JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] }) + '\n\n'
    const usage = 'data: ' + JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9 } }) + '\n\n'
    const called = deltas.some((delta) => delta.tool_calls)
    const body = deltas.map((delta) => chunk(delta)).join('') + chunk({}, called ? 'tool_calls' : 'stop') + usage + 'data: [DONE]\n\n'
    return route.fulfill({ contentType: 'text/event-stream', body })
  })
  return bodies
}

// What an input method does, by the browser's own protocol.
export async function composes(page, context, shot) {
  await page.getByRole('link', { name: '대화' }).click()
  await page.locator('#view-chat').getByLabel('최대 토큰 수').fill('30')
  const cdp = await context.newCDPSession(page)
  const box = page.locator('#message')
  const sent = () => page.locator('#view-chat article.user .text').allInnerTexts()
  const compose = async (steps) => {
    for (const text of steps) await cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  }
  // Enter while the last syllable is being composed: first a keydown that belongs to the input method ...
  const enter = (composing) =>
    cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: composing ? 'Process' : 'Enter', code: 'Enter', windowsVirtualKeyCode: composing ? 229 : 13 })
  await box.focus()
  await cdp.send('Input.insertText', { text: '오늘 날씨' })
  await compose(['ㄱ', '가'])
  await enter(true)
  await page.waitForTimeout(80)
  assert.deepEqual(await sent(), [], 'nothing is sent while a syllable is open')
  assert.equal(await box.inputValue(), '오늘 날씨가')
  // ... then the composition ends with the whole syllable.
  await cdp.send('Input.insertText', { text: '가' })
  await page.locator('#view-chat article.user').waitFor()
  await page.waitForTimeout(150)
  assert.deepEqual(await sent(), ['오늘 날씨가'])
  assert.equal(await box.inputValue(), '')
  await ended(page)

  // A browser that fires a second, plain keydown after the end of the composition: still once.
  await box.focus()
  await compose(['ㄴ', '네'])
  await enter(true)
  await cdp.send('Input.insertText', { text: '네' })
  await enter(false)
  await page.waitForTimeout(200)
  assert.deepEqual(await sent(), ['오늘 날씨가', '네'])
  assert.equal(await box.inputValue(), '')
  await ended(page)

  // Safari: the composition ends first, the keydown (229) comes after it.
  await box.focus()
  await compose(['ㅇ', '응'])
  await cdp.send('Input.insertText', { text: '응' })
  await enter(true)
  await page.waitForTimeout(200)
  assert.deepEqual(await sent(), ['오늘 날씨가', '네', '응'])
  await ended(page)

  // Without composing: Enter sends, Shift + Enter breaks the line.
  await box.fill('하나')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('둘')
  await page.keyboard.press('Enter')
  assert.deepEqual(await sent(), ['오늘 날씨가', '네', '응', '하나\n둘'])
  await ended(page)
  await page.getByLabel('토큰과 확률로 보기').check()
  await page.locator('#view-chat .chip').first().click()
  await page.locator('#view-chat .detail').waitFor()
  await shot(page, 'chat-tokens-ko')
  await page.getByLabel('토큰과 확률로 보기').uncheck()
}

async function branches(page) {
  await page.getByLabel('시드').fill('1')
  await ask(page, '오늘')
  const first = await answers(page).innerText()
  assert.match(first, /[가-힣]/)
  assert.match(await page.locator('#view-chat article.assistant .status').innerText(), /토큰 \d+개 · 초당 [\d.]+개 · 첫 토큰까지 [\d.]+초 · 프롬프트 토큰 \d+개/)
  await page.getByLabel('시드').fill('2')
  await page.locator('#view-chat').getByRole('button', { name: '다시 생성' }).click()
  const arrows = page.locator('#view-chat article.assistant .branch')
  await arrows.getByText('2 / 2').waitFor()
  await ended(page)
  const second = await answers(page).innerText()
  assert.notEqual(second, first)
  await arrows.getByRole('button', { name: '앞 갈래' }).click()
  assert.equal(await answers(page).innerText(), first)
  // Another wording of the question is a branch of its own, with its own answer.
  await page.locator('article.user').getByRole('button', { name: '고치기' }).click()
  await page.locator('article.user textarea').fill('내일')
  await page.locator('article.user').getByRole('button', { name: '보내기' }).click()
  await page.locator('article.user .branch').getByText('2 / 2').waitFor()
  await ended(page)
  assert.deepEqual(await users(page), ['내일'])
  await page.locator('article.user').getByRole('button', { name: '앞 갈래' }).click()
  assert.deepEqual(await users(page), ['오늘'])
  assert.equal(await answers(page).innerText(), first)
  // Another wording of an answer stands as it was written, and the conversation goes on from it.
  await page.locator('article.assistant').getByRole('button', { name: '고치기' }).click()
  await page.locator('article.assistant textarea').fill('고친 답')
  await page.keyboard.press('Control+Enter')
  await arrows.getByText('3 / 3').waitFor()
  assert.equal(await answers(page).innerText(), '고친 답')
  return { first, second }
}

async function keeps_history(page) {
  await page.waitForTimeout(300) // the browser writes to its database a moment later
  await page.reload()
  await page.locator('#view-chat article.user').waitFor()
  assert.deepEqual(await users(page), ['오늘'])
  assert.equal(await answers(page).innerText(), '고친 답')
  await page.keyboard.press('Alt+n')
  assert.deepEqual(await users(page), [])
  await ask(page, '비가')
  const titles = () => page.locator('.chats .title').allInnerTexts()
  assert.deepEqual(await titles(), ['비가', '오늘'])
  await page.getByRole('button', { name: '이름 바꾸기: 오늘' }).click()
  await page.getByLabel('새 이름').fill('날씨 이야기')
  await page.keyboard.press('Enter')
  await page.locator('.chats .title', { hasText: '날씨 이야기' }).waitFor()
  // Found by a word of a message.
  await page.getByLabel('대화 검색').fill('고친')
  assert.deepEqual(await titles(), ['날씨 이야기'])
  await page.getByLabel('대화 검색').fill('없는말')
  assert.deepEqual(await titles(), [])
  await page.getByLabel('대화 검색').fill('')
  page.once('dialog', (dialog) => dialog.accept())
  await page.getByRole('button', { name: '지우기: 비가' }).click()
  assert.deepEqual(await titles(), ['날씨 이야기'])
  await page.waitForTimeout(300)
  await page.reload()
  await page.locator('.chats .title').waitFor()
  assert.deepEqual(await titles(), ['날씨 이야기'])
}

async function follows_another_window(page, context) {
  const other = await context.newPage()
  await other.goto(page.url())
  await other.locator('.chats .title').click()
  await other.getByRole('button', { name: '이름 바꾸기: 날씨 이야기' }).click()
  await other.getByLabel('새 이름').fill('다른 창')
  await other.keyboard.press('Enter')
  await other.waitForTimeout(300)
  await other.close()
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await page.locator('.chats .title', { hasText: '다른 창' }).waitFor()
  await page.getByRole('button', { name: '이름 바꾸기: 다른 창' }).click()
  await page.getByLabel('새 이름').fill('날씨 이야기')
  await page.keyboard.press('Enter')
  await page.locator('.chats .title', { hasText: '날씨 이야기' }).waitFor()
}

async function exchanges(page) {
  await page.locator('.chats .title').click()
  await page.getByText('내보내기와 가져오기').click()
  const saved = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
    return { name: download.suggestedFilename(), path: await download.path() }
  }
  const markdown = await saved('Markdown으로 저장')
  assert.equal(markdown.name, '날씨 이야기.md')
  assert.match(await readFile(markdown.path, 'utf8'), /^# 날씨 이야기\n\n## 나\n\n오늘\n\n## 모델\n\n고친 답\n$/)
  const json = await saved('JSON으로 저장')
  const pick = (buffer) => page.locator('.exchange input[type=file]').setInputFiles({ name: 'a.json', mimeType: 'application/json', buffer })
  await pick(await readFile(json.path))
  await page.waitForFunction(() => document.querySelectorAll('.chats .title').length === 2)
  assert.equal(await answers(page).innerText(), '고친 답')
  await page.locator('article.assistant .branch').getByText('3 / 3').waitFor()
  await pick(Buffer.from('{"nodes": 3}'))
  await page.getByText('이 파일에는 대화가 없습니다').waitFor()
}

const MARKDOWN = [
  '# 제목\n\n**"말"**은 *글*이고 `코드`다. 식은 $a_1*b_2$.\n\n',
  '- 하나\n  - 둘\n- [x] 셋\n\n| 이름 | 값 |\n|---|--:|\n| 가 | 1 |\n\n',
  '```python\ndef f(x):\n    return "<b>" # 말\n```\n\n',
  '[좋은 곳](https://example.org/x) [나쁜 곳](javascript:document.title=1) <img src=x onerror="document.title=1">\n',
]

async function shows_markdown(page, shot, has_contrast) {
  await page.getByRole('button', { name: '새 대화' }).click()
  // Pieces of three characters: what is seen in between must come to the same.
  const pieces = MARKDOWN.join('').match(/[^]{1,3}/gu).map((content) => ({ content }))
  await scripted(page, [{ reasoning_content: '음, ' }, { reasoning_content: '생각해 보자.' }, ...pieces])
  await ask(page, '보여 줘')
  const answer = answers(page)
  assert.equal(await answer.locator('h3.level1').innerText(), '제목')
  assert.equal(await answer.locator('strong').innerText(), '"말"')
  assert.equal(await answer.locator('li li').innerText(), '둘')
  assert.ok(await answer.locator('li.task input').isChecked())
  assert.deepEqual(await answer.locator('td').allInnerTexts(), ['가', '1'])
  assert.equal(await answer.locator('.math').innerText(), '$a_1*b_2$')
  assert.equal(await answer.locator('.code-word').first().innerText(), 'def')
  assert.equal(await answer.locator('.code-string').innerText(), '"<b>"')
  assert.equal(await answer.locator('img, script').count(), 0, 'HTML is text')
  const links = answer.locator('a')
  assert.equal(await links.count(), 1)
  assert.equal(await links.getAttribute('href'), 'https://example.org/x')
  assert.match(await links.getAttribute('rel'), /noopener.*noreferrer/)
  assert.ok((await answer.innerText()).includes('[나쁜 곳](javascript:'))
  const thoughts = page.locator('.reasoning')
  assert.equal(await thoughts.evaluate((node) => node.open), false, 'thoughts are folded')
  await thoughts.locator('summary').click()
  assert.equal(await thoughts.locator('.text').innerText(), '음, 생각해 보자.')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await answer.locator('figcaption button').click()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'def f(x):\n    return "<b>" # 말')
  await has_contrast(page)
  const [width, wide] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(width <= wide, `the chat is ${width} wide in a window of ${wide}`)
  await shot(page, 'chat-ko')
}

async function calls_tools(page) {
  await page.getByRole('button', { name: '새 대화' }).click()
  const call = { index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"서울"}' } }
  const bodies = await scripted(page, [{ tool_calls: [call] }], [{ content: '맑습니다.' }])
  await page.getByText('함수 (도구)').click()
  await page.getByLabel('함수 목록 (JSON)').fill('[{"name": "weather"')
  await page.getByText('함수 목록이 JSON이 아니어서 물을 수 없습니다').waitFor()
  await page.locator('#message').fill('날씨는?')
  await page.locator('#message').press('Enter')
  assert.ok(await page.locator('.compose button[type=submit]').isDisabled())
  assert.deepEqual(await users(page), [], 'nothing is asked without what was meant to hold the answer')
  await page.getByLabel('함수 목록 (JSON)').fill('[{"name": "weather", "parameters": {"type": "object"}}]')
  await ask(page, '날씨는?')
  assert.equal(bodies[0].tools[0].function.name, 'weather')
  assert.equal(bodies[0].tool_choice, 'auto')
  await page.locator('.call').getByText('weather', { exact: true }).waitFor()
  assert.match(await page.locator('.call pre').innerText(), /"city": "서울"/)
  await page.getByLabel('함수 결과').fill('맑음')
  await page.getByRole('button', { name: '결과 보내기' }).click()
  await page.getByText('맑습니다.').waitFor()
  assert.deepEqual(bodies[1].messages.slice(1).map(({ role, content }) => [role, content]), [['assistant', ''], ['tool', '맑음']])
  assert.equal(bodies[1].messages[1].tool_calls[0].id, 'c1')
  assert.equal(bodies[1].messages[2].tool_call_id, 'c1')
  await page.getByLabel('함수 목록 (JSON)').fill('')
}

async function takes_files(page) {
  await page.getByRole('button', { name: '새 대화' }).click()
  const bodies = await scripted(page, [{ content: '읽었습니다.' }])
  const file = (name, bytes) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) })
  const pick = (...files) => page.locator('.compose input[type=file]').setInputFiles(files)
  const sample = (name) => readFile(new URL('data/data/readers/' + name, import.meta.url))
  const listed = page.locator('.files li')
  const read = (count) => page.waitForFunction((n) => document.querySelectorAll('.files li').length === n && !document.querySelector('.files .reading'), count)
  // CP949 for 말모이; a table; documents, which the server reads; two that it cannot.
  await pick(file('옛글.txt', [0xb8, 0xbb, 0xb8, 0xf0, 0xc0, 0xcc]), file('표.csv', Buffer.from('a,b\n1,2\n')), file('보고서.docx', await sample('sample.docx')), file('words', await sample('sample.pdf')), file('x.pdf', Buffer.from('%PDF')), file('x.rtf', Buffer.from('{\\rtf1 x}')))
  await read(6)
  assert.match(await listed.nth(0).innerText(), /옛글.txt\s*6 B · 글자 3개 · 토큰 \d+개/)
  assert.match(await listed.nth(2).innerText(), /보고서.docx\s*\d+ B · 글자 \d+개 · 토큰 \d+개/)
  assert.match(await listed.nth(3).innerText(), /words\s*[\d.]+ \w+ · 1쪽 · 글자 \d+개/)
  assert.match(await listed.nth(4).innerText(), /문서를 읽지 못했습니다[^(]*\(is not a PDF/)
  assert.match(await listed.nth(5).innerText(), /읽지 못하는 형식입니다/)
  await page.getByRole('button', { name: 'English' }).click()
  assert.match(await listed.nth(4).innerText(), /cannot be read\. Check that the file is whole/)
  await page.getByRole('button', { name: '한국어' }).click()
  for (const name of ['x.pdf', 'x.rtf', 'words']) await page.getByRole('button', { name: name + ' 빼기' }).click()
  // One that takes long: nothing is sent without it, unless it is removed.
  await page.route('**/extract?name=slow.pdf', () => {})
  await pick(file('slow.pdf', Buffer.from('%PDF')))
  await listed.getByText('읽는 중').waitFor()
  await page.locator('#message').fill('보낼까?')
  assert.equal(await page.getByRole('button', { name: '보내기 Enter' }).isEnabled(), false)
  await page.getByRole('button', { name: 'slow.pdf 빼기' }).click()
  assert.equal(await page.getByRole('button', { name: '보내기 Enter' }).isEnabled(), true)
  await page.locator('#message').fill('')
  // Dropped anywhere on the page.
  await page.evaluate(() => {
    const dropped = new DataTransfer()
    dropped.items.add(new File(['떨어진 글'], 'd.md'))
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }))
  })
  await listed.getByText('d.md').waitFor()
  // Not while another page is shown.
  await page.getByRole('link', { name: '토큰' }).click()
  await page.locator('#view-tokens').waitFor()
  await page.evaluate(() => {
    const dropped = new DataTransfer()
    dropped.items.add(new File(['x'], 'elsewhere.md'))
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }))
  })
  await page.getByRole('link', { name: '대화' }).click()
  await page.waitForTimeout(100)
  await read(4)
  await ask(page, '무엇이 있나?')
  const { content } = bodies[0].messages[0]
  assert.ok(content.startsWith('옛글.txt\n```\n말모이\n```\n\n표.csv\n```\na,b\n1,2\n```\n\n보고서.docx'), content)
  assert.match(content, /# 말모이\n\n말모이는 우리말을 모은다는 뜻이다[^]*\| 나무 \| tree \|\n```\n\nd.md/)
  assert.ok(content.endsWith('d.md\n```\n떨어진 글\n```\n\n무엇이 있나?'), content)
  assert.equal(await page.locator('article.user .file').count(), 4)
}

async function sends_settings(page) {
  await page.getByRole('button', { name: '새 대화' }).click()
  const bodies = await scripted(page, [{ content: '네.' }])
  await page.locator('.system summary').click()
  await page.locator('.system textarea').fill('짧게.')
  for (const group of ['페널티', '반복 억제 (DRY)', '다른 샘플링']) await page.locator('.group summary', { hasText: group }).click()
  const values = { 온도: 0.5, 'Top-p': 0.9, 'Top-k': 7, 'Min-p': 0.02, 시드: 3, '반복 페널티': 1.2, '출현 페널티': 0.3, '빈도 페널티': 0.4, '페널티 범위': 64, 'DRY 세기': 0.8, 'DRY 밑': 1.5, 'DRY 허용 길이': 3, 'DRY 범위': 99, 'Typical-p': 0.9, 'Top-n-sigma': 2, 'XTC 확률': 0.1, 'XTC 문턱': 0.2, Mirostat: 2, 'Mirostat τ': 4, 'Mirostat η': 0.2 }
  const settings = page.locator('#view-chat .settings')
  for (const [label, value] of Object.entries(values)) await settings.getByLabel(label, { exact: true }).fill(String(value))
  await settings.getByLabel('최대 토큰 수').fill('11')
  await settings.getByLabel('중지 문구').fill('끝\n\\n\\n')
  await settings.getByLabel('DRY 끊는 글').fill('!')
  await ask(page, '응?')
  const { messages, model, stream, stream_options, logprobs, top_logprobs, token_details, ...sent } = bodies[0]
  assert.deepEqual(messages, [{ role: 'system', content: '짧게.' }, { role: 'user', content: '응?' }])
  assert.deepEqual(sent, {
    temperature: 0.5, top_p: 0.9, top_k: 7, min_p: 0.02, max_tokens: 11, seed: 3, repetition_penalty: 1.2, presence_penalty: 0.3, frequency_penalty: 0.4, penalty_last_n: 64,
    dry_multiplier: 0.8, dry_base: 1.5, dry_allowed_length: 3, dry_penalty_last_n: 99, typical_p: 0.9, top_n_sigma: 2, xtc_probability: 0.1, xtc_threshold: 0.2,
    mirostat: 2, mirostat_tau: 4, mirostat_eta: 0.2, stop: ['끝', '\n\n'], dry_sequence_breakers: ['!'],
  })
  // The server takes all of it; what it refuses it says.
  await page.unrouteAll()
  await ask(page, '또?')
  assert.equal(await page.locator('#view-chat article .notice').count(), 0)
  await settings.getByLabel('Top-p').fill('7')
  await ask(page, '왜?')
  assert.match(await page.locator('#view-chat article .notice').innerText(), /top_p/)
  await settings.getByRole('button', { name: '기본값으로' }).click()
  // An answer in a form.
  await page.getByText('답의 형식').click()
  await settings.getByLabel('형식', { exact: true }).selectOption('schema')
  await settings.getByLabel('JSON 스키마', { exact: true }).last().fill('{"type": "object", "properties": {"a": {"enum": ["가", "나"]}}, "required": ["a"]}')
  await page.getByRole('button', { name: '새 대화' }).click()
  await ask(page, '골라')
  assert.match(JSON.parse(await answers(page).innerText()).a, /^[가나]$/)
  await settings.getByRole('button', { name: '기본값으로' }).click()
}

async function compares(page, shot) {
  await page.getByRole('button', { name: '새 대화' }).click()
  const settings = page.locator('#view-chat .settings')
  await settings.getByLabel('최대 토큰 수').fill('30')
  await settings.getByLabel('시드').fill('1')
  await settings.getByRole('button', { name: '나란히 비교할 설정 추가' }).click()
  await settings.getByLabel('시드').fill('2')
  await ask(page, '오늘 날씨가')
  const both = page.locator('.beside article')
  assert.equal(await both.count(), 2)
  const texts = await answers(page).allInnerTexts()
  assert.notEqual(texts[0], texts[1])
  assert.match(await both.nth(0).getAttribute('class'), /chosen/)
  await both.nth(1).getByRole('button', { name: '이 답으로 계속' }).click()
  await shot(page, 'chat-side-by-side-ko')
  const request = page.waitForRequest('**/v1/chat/completions')
  await page.locator('#message').fill('그리고?')
  await page.keyboard.press('Enter')
  const said = (await request).postDataJSON().messages.find((message) => message.role === 'assistant').content
  assert.equal(said.replace(/\s/g, ''), texts[1].replace(/\s/g, ''))
  await page.waitForFunction(() => document.querySelectorAll('.beside').length === 2)
  await ended(page)
  await settings.getByRole('button', { name: '빼기' }).click()
}

async function stops_and_goes_on(page, context) {
  await page.getByRole('button', { name: '새 대화' }).click()
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.enable')
  const line = (rate) => cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: rate, uploadThroughput: -1 })
  await line(30000)
  const settings = page.locator('#view-chat .settings')
  await settings.getByLabel('최대 토큰 수').fill('400')
  await page.locator('#message').fill('오늘')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('#view-chat article.assistant .answer-text')?.textContent.trim().length > 2)
  await page.keyboard.press('Escape')
  await page.locator('#view-chat .status', { hasText: '중지했습니다' }).waitFor()
  await line(-1)
  await cdp.detach()
  const before = await answers(page).innerText()
  await settings.getByLabel('최대 토큰 수').fill('10')
  await page.getByRole('button', { name: '이어서 쓰기' }).click()
  await page.waitForFunction((old) => document.querySelector('#view-chat .answer-text').textContent.trim().length > old, before.length)
  await ended(page)
  assert.ok((await answers(page).innerText()).replace(/\s/g, '').startsWith(before.replace(/\s|\ufffd/g, '')))
}

async function tells_what_failed(page) {
  await page.getByRole('button', { name: '새 대화' }).click()
  await page.unrouteAll()
  await page.route('**/v1/chat/completions', (route) => route.fulfill({ contentType: 'text/event-stream', body: 'data: {"choices":[{"index":0,"delta":{"content":"여기까"},"finish_reason":null}]}\n\n' }))
  await ask(page, '끊기나?')
  await page.locator('#view-chat article .notice', { hasText: '도중에 끊겼습니다' }).waitFor()
  assert.equal(await answers(page).innerText(), '여기까', 'what came is kept')
  await page.unrouteAll()
  await page.route('**/v1/chat/completions', (route) => route.abort('failed'))
  await page.locator('#view-chat').getByRole('button', { name: '다시 생성' }).click()
  await page.locator('#view-chat article .notice', { hasText: '서버에 연결할 수 없습니다' }).waitFor()
  await page.unrouteAll()
  await page.locator('#view-chat').getByRole('button', { name: '다시 생성' }).click()
  await page.locator('#view-chat .branch').getByText('3 / 3').waitFor()
  await ended(page)
  assert.equal(await page.locator('#view-chat article .notice').count(), 0)
}

async function speaks_english(page) {
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('button', { name: 'New chat' }).click()
  await ask(page, 'The weather')
  assert.match(await page.locator('#view-chat article.assistant .status').innerText(), /^\d+ tokens · [\d.]+ tokens\/s · first token after [\d.]+ s · \d+ prompt tokens · reached the maximum length$/)
  await page.getByRole('button', { name: 'Regenerate' }).click()
  await page.getByRole('group', { name: 'Branches' }).getByText('2 / 2').waitFor()
  await ended(page)
  page.once('dialog', (dialog) => dialog.accept())
  await page.locator('article.user').getByRole('button', { name: 'Delete' }).click()
  assert.deepEqual(await users(page), [])
  await page.getByRole('button', { name: '한국어' }).click()
}

async function fits_a_phone({ open_page, shot }) {
  const { page, context, trouble } = await open_page({ at: 'chat', viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'en-US' })
  await scripted(page, MARKDOWN.map((content) => ({ content })))
  await page.locator('#message').fill('Show me')
  await page.getByRole('button', { name: 'Send' }).tap()
  await ended(page)
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  assert.ok(width <= 360, `the chat is ${width} wide on a phone of 360`)
  await shot(page, 'chat-phone-en')
  assert.deepEqual(trouble, [])
  await context.close()
}

export async function checks_chat(tools) {
  const { open_page, shot, has_contrast } = tools
  const { page, context, trouble } = await open_page({ at: 'chat', refusals: true, acceptDownloads: true })
  await page.locator('#view-chat').getByLabel('최대 토큰 수').fill('30')
  await branches(page)
  await keeps_history(page)
  await follows_another_window(page, context)
  await exchanges(page)
  await shows_markdown(page, shot, has_contrast)
  await calls_tools(page)
  await takes_files(page)
  await sends_settings(page)
  await compares(page, shot)
  await stops_and_goes_on(page, context)
  await tells_what_failed(page)
  await speaks_english(page)
  // The browser tells of the connection that was broken off here.
  assert.deepEqual(trouble.filter((text) => !text.includes('ERR_FAILED')), [])
  await context.close()
  await fits_a_phone(tools)
}
