// The `ollama` package against a server. Usage: node ollama.mjs URL MODEL KEY
import assert from 'node:assert/strict'
import { Ollama } from 'ollama'

import { all, refused } from './support.mjs'

const [url, model, key] = process.argv.slice(2)
const clientOf = (secret) => new Ollama({ host: url.slice(0, -1), headers: { Authorization: `Bearer ${secret}` } })
const client = clientOf(key)
const messages = [{ role: 'user', content: '오늘 날씨는?' }]

async function generate() {
  const asked = { model, prompt: '오늘 날씨가', raw: true, options: { temperature: 0, num_predict: 30 } }
  const whole = await client.generate(asked)
  assert.match(whole.response, /너무/)
  assert.equal(whole.done_reason, 'length')
  const pieces = await all(await client.generate({ ...asked, stream: true }))
  assert.equal(pieces.map((piece) => piece.response).join(''), whole.response)
  assert.equal(pieces.at(-1).eval_count, 30)
}

async function chat() {
  const asked = { model, messages, options: { seed: 4, num_predict: 20 } }
  const whole = await client.chat(asked)
  assert.equal(whole.message.role, 'assistant')
  const pieces = await all(await client.chat({ ...asked, stream: true }))
  assert.equal(pieces.map((piece) => piece.message.content).join(''), whole.message.content)
  const held = await client.chat({ model, messages, format: { enum: ['좋다', '춥다'] } })
  assert.ok(['좋다', '춥다'].includes(JSON.parse(held.message.content)))
}

async function models() {
  assert.deepEqual((await client.list()).models.map((one) => one.name), [model + ':latest'])
  assert.equal((await client.ps()).models.length, 1)
  const shown = await client.show({ model })
  assert.equal(shown.details.family, 'llama')
  assert.ok(shown.capabilities.includes('completion'))
}

async function failures() {
  assert.equal((await refused(() => client.chat({ model: 'none', messages }))).status_code, 404)
  assert.equal((await refused(() => client.pull({ model: 'none' }))).status_code, 404)
  assert.match((await refused(() => client.generate({ model, prompt: 'a', options: { temperature: -1 } }))).message, /options.temperature/)
  assert.equal((await refused(() => clientOf('wrong').list())).status_code, 401)
}

async function cancels() {
  const stream = await client.generate({ model, prompt: 'The', stream: true })
  const read = async () => {
    for await (const piece of stream) {
      assert.equal(piece.model, model)
      stream.abort()
    }
  }
  assert.equal((await refused(read)).name, 'AbortError')
}

for (const test of [generate, chat, models, failures, cancels]) await test()
console.log('ollama: generate, chat, streams, models, errors, keys')
