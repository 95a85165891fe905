// The page's frame, and the pages that only show what the server says; run by page_test.mjs.
import assert from 'node:assert/strict'

export async function checks_frame({ open_page, shot }) {
  const { page, context, trouble } = await open_page({ at: 'tokens' })
  // The address says which page is shown, also when one goes back.
  await page.locator('#view-tokens').waitFor()
  await page.getByRole('link', { name: '대화' }).click()
  await page.locator('#view-chat').waitFor()
  assert.match(page.url(), /#\/chat$/)
  assert.equal(await page.locator('nav [aria-current=page]').innerText(), '대화')
  await page.goBack()
  await page.locator('#view-tokens').waitFor()
  // Shortcuts: they reach pages, also while one types; a plain key types.
  await page.keyboard.press('Alt+2')
  await page.locator('#prompt').waitFor()
  await page.locator('#prompt').focus()
  await page.keyboard.type('?')
  assert.equal(await page.locator('#prompt').inputValue(), '?')
  await page.keyboard.press('Control+/')
  const list = page.getByRole('dialog', { name: '키보드 단축키' })
  await list.waitFor()
  assert.ok((await list.locator('dt').count()) >= 6)
  await shot(page, 'shortcuts-ko')
  await page.keyboard.press('Escape')
  await list.waitFor({ state: 'hidden' })
  await page.locator('#prompt').fill('')
  // No word is missing in either language: a missing one would be shown as its key.
  for (const language of ['한국어', 'English']) {
    await page.getByRole('button', { name: language }).click()
    for (const link of await page.locator('nav.pages a').all()) {
      await link.click()
      await page.waitForTimeout(50)
      const text = await page.locator('body').innerText()
      assert.doesNotMatch(text, /\b[a-z]+_[a-z_]+\b(?!\.json)/, `a word is missing in ${language}`)
    }
  }
  assert.deepEqual(trouble, [])
  await context.close()
}

export async function checks_models({ open_page, shot, has_contrast }) {
  const { page, context, trouble } = await open_page({ at: 'models', locale: 'en-US' })
  const card = page.locator('#view-models .card').first()
  await card.getByText('512 tokens').waitFor()
  await card.getByText('llama').waitFor()
  await page.unrouteAll()
  // A server that tells what is loaded.
  let state = 'unloaded'
  await page.route('**/admin/models', (route) => route.fulfill({ json: { models: [{ name: 'tiny', state, bytes: 3 * 1024 ** 3, pinned: false, problem: null }] } }))
  await page.route('**/admin/models/load', (route) => {
    assert.deepEqual(route.request().postDataJSON(), { model: 'tiny' })
    state = 'loaded'
    return route.fulfill({ json: {} })
  })
  await page.getByRole('button', { name: 'Refresh' }).click()
  await card.getByText('3.0 GiB').waitFor()
  await card.getByText('not in memory').waitFor()
  await card.getByRole('button', { name: 'Load' }).click()
  await card.getByText('in memory', { exact: true }).waitFor()
  await card.getByRole('button', { name: 'Unload' }).waitFor()
  await has_contrast(page)
  await shot(page, 'models-en')
  assert.deepEqual(trouble, [])
  await context.close()
}

export async function checks_status({ open_page, shot, has_contrast }) {
  const { page, context, trouble } = await open_page({ at: 'status', refusals: true })
  const facts = page.locator('#view-status .facts')
  await facts.getByText('끝난 답').waitFor()
  const number = async (name) => Number((await facts.locator('div', { hasText: name }).locator('dd').first().innerText()).replaceAll(',', ''))
  const before = await number('끝난 답')
  await page.evaluate(async () => {
    await fetch('/v1/completions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ prompt: '오늘', max_tokens: 60, ignore_eos: true }) })
    await fetch('/v1/nothing')
  })
  const chart = page.getByRole('region', { name: '초당 토큰' })
  await page.waitForFunction((old) => Number(document.querySelector('#view-status .facts dd').textContent) > old, before)
  await page.locator('#view-status td', { hasText: '404' }).waitFor()
  await chart.locator('path[d*="L"]').first().waitFor({ state: 'attached' })
  assert.notEqual(await chart.locator('b').first().innerText(), '–')
  await has_contrast(page)
  await shot(page, 'status-ko')
  // It does not ask while another page is shown.
  let asked = 0
  page.on('request', (request) => (asked += request.url().endsWith('/metrics')))
  await page.getByRole('link', { name: '토큰' }).click()
  await page.waitForTimeout(2500)
  assert.equal(asked, 0)
  assert.deepEqual(trouble, [])
  await context.close()
}
