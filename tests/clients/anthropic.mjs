// The `@anthropic-ai/sdk` package against a server. Usage: node anthropic.mjs URL MODEL KEY
import Anthropic from '@anthropic-ai/sdk'
import assert from 'node:assert/strict'

import { all, refused } from './support.mjs'

const [url, model, key] = process.argv.slice(2)
const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 60000 })
const question = [{ role: 'user', content: '오늘 날씨는?' }]
const textOf = (message) => message.content.map((block) => block.text ?? '').join('')

async function messages() {
  const asked = { model, system: '짧게.', messages: question, max_tokens: 20, temperature: 0 }
  const whole = await client.messages.create(asked)
  assert.match(whole.id, /^msg_/)
  assert.ok(['max_tokens', 'end_turn'].includes(whole.stop_reason))
  const stream = client.messages.stream(asked)
  let text = ''
  stream.on('text', (delta) => (text += delta))
  const final = await stream.finalMessage()
  assert.equal(text, textOf(whole))
  assert.equal(textOf(final), textOf(whole))
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens)
  const events = await all(await client.messages.create({ ...asked, stream: true }))
  assert.equal(events[0].type, 'message_start')
  assert.equal(events.at(-1).type, 'message_stop')
  const counted = await client.messages.countTokens({ model, system: '짧게.', messages: question })
  assert.equal(counted.input_tokens, whole.usage.input_tokens + whole.usage.cache_read_input_tokens)
  const again = [...question, { role: 'assistant', content: whole.content }, { role: 'user', content: '왜?' }]
  await client.messages.create({ model, messages: again, max_tokens: 3 })
}

async function tools() {
  const to = { enum: ['집', '학교'] }
  const walk = { name: 'walk', description: 'Walks.', input_schema: { type: 'object', properties: { to }, required: ['to'], additionalProperties: false } }
  const asked = { model, messages: [{ role: 'user', content: 'Go.' }], tools: [walk], tool_choice: { type: 'any' }, max_tokens: 200 }
  const whole = await client.messages.create(asked)
  assert.equal(whole.stop_reason, 'tool_use')
  assert.ok(to.enum.includes(whole.content[0].input.to))
  const streamed = await client.messages.stream(asked).finalMessage()
  assert.ok(to.enum.includes(streamed.content[0].input.to))
  const result = { type: 'tool_result', tool_use_id: whole.content[0].id, content: 'done' }
  const answered = [...asked.messages, { role: 'assistant', content: whole.content }, { role: 'user', content: [result] }]
  await client.messages.create({ model, messages: answered, tools: [walk], max_tokens: 5 })
}

async function failures() {
  assert.deepEqual((await all(client.models.list())).map((one) => one.id), [model])
  assert.equal((await client.models.retrieve(model)).type, 'model')
  await refused(() => client.messages.create({ model: 'claude-none', messages: question, max_tokens: 1 }), Anthropic.NotFoundError)
  const none = await refused(() => client.messages.create({ model, messages: [], max_tokens: 1 }), Anthropic.BadRequestError)
  assert.equal(none.error.error.type, 'invalid_request_error')
  const stranger = new Anthropic({ baseURL: url, apiKey: 'wrong', maxRetries: 0 })
  await refused(() => stranger.messages.create({ model, messages: question, max_tokens: 1 }), Anthropic.AuthenticationError)
}

for (const test of [messages, tools, failures]) await test()
console.log('anthropic: messages, streams, tools, counts, errors, keys')
