// The `openai` package against a server. Usage: node openai.mjs URL MODEL KEY
import assert from 'node:assert/strict'
import OpenAI from 'openai'

import { refused } from './support.mjs'

const [url, model, key] = process.argv.slice(2)
const client = new OpenAI({ baseURL: url + 'v1', apiKey: key, maxRetries: 0, timeout: 60000 })
const question = [
  { role: 'system', content: '짧게.' },
  { role: 'user', content: '오늘 날씨는?' },
]

async function completions() {
  const asked = { model, prompt: '오늘 날씨가', max_tokens: 30, temperature: 0 }
  const whole = await client.completions.create({ ...asked, logprobs: 3 })
  assert.match(whole.choices[0].text, /너무/)
  assert.equal(whole.usage.completion_tokens, 30)
  assert.equal(whole.choices[0].logprobs.tokens.length, 30)
  let text = ''
  let last
  for await (const piece of await client.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } })) {
    text += piece.choices[0]?.text ?? ''
    last = piece
  }
  assert.equal(text, whole.choices[0].text)
  assert.equal(last.usage.total_tokens, whole.usage.total_tokens)
}

async function chats() {
  const asked = { model, messages: question, max_completion_tokens: 20, seed: 4 }
  const whole = await client.chat.completions.create({ ...asked, logprobs: true, top_logprobs: 2 })
  assert.equal(whole.choices[0].message.role, 'assistant')
  assert.equal(whole.choices[0].logprobs.content[0].top_logprobs.length, 2)
  const stream = client.chat.completions.stream(asked)
  let text = ''
  stream.on('content', (delta) => (text += delta))
  const final = await stream.finalChatCompletion()
  assert.equal(text, whole.choices[0].message.content)
  assert.equal(final.choices[0].finish_reason, whole.choices[0].finish_reason)
  const schema = { enum: ['좋다', '춥다'] }
  const held = await client.chat.completions.parse({
    model,
    messages: question,
    response_format: { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema } },
  })
  assert.ok(schema.enum.includes(JSON.parse(held.choices[0].message.content)))
}

async function responses() {
  const asked = { model, input: '오늘 날씨는?', instructions: '짧게.', max_output_tokens: 20, seed: 4 }
  const whole = await client.responses.create(asked)
  assert.equal(whole.output[0].content[0].text, whole.output_text)
  let text = ''
  const stream = client.responses.stream(asked)
  stream.on('response.output_text.delta', (event) => (text += event.delta))
  const final = await stream.finalResponse()
  assert.equal(text, whole.output_text)
  assert.equal(final.status, whole.status)
}

async function embeddings() {
  const packed = await client.embeddings.create({ model, input: ['오늘', 'The weather'] }) // in base64, which it unpacks
  const plain = await client.embeddings.create({ model, input: ['오늘', 'The weather'], encoding_format: 'float' })
  assert.equal(packed.data.length, 2)
  packed.data[1].embedding.forEach((x, i) => assert.ok(Math.abs(x - plain.data[1].embedding[i]) < 1e-6))
}

async function failures() {
  const names = []
  for await (const one of client.models.list()) names.push(one.id)
  assert.deepEqual(names, [model])
  const missing = await refused(() => client.completions.create({ model: 'gpt-none', prompt: 'a' }), OpenAI.NotFoundError)
  assert.equal(missing.code, 'model_not_found')
  const cold = await refused(() => client.completions.create({ model, prompt: 'a', temperature: -1 }), OpenAI.BadRequestError)
  assert.equal(cold.param, 'temperature')
  const stranger = new OpenAI({ baseURL: url + 'v1', apiKey: 'wrong', maxRetries: 0 })
  await refused(() => stranger.models.list(), OpenAI.AuthenticationError)
}

async function cancels() {
  const stream = await client.completions.create({ model, prompt: 'The', max_tokens: 400, stream: true })
  for await (const piece of stream) {
    assert.ok(piece.id)
    break // which aborts the request
  }
}

for (const test of [completions, chats, responses, embeddings, failures, cancels]) await test()
console.log('openai: completions, chats, responses, embeddings, streams, errors, keys')
