// The `@google/genai` package against a server. Usage: node gemini.mjs URL MODEL KEY
import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai'
import assert from 'node:assert/strict'

import { all, refused } from './support.mjs'

const [url, model, key] = process.argv.slice(2)
const clientOf = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url, timeout: 60000 } })
const client = clientOf(key)

async function answers() {
  const asked = { model, contents: '오늘 날씨는?', config: { systemInstruction: '짧게.', maxOutputTokens: 20, seed: 4 } }
  const whole = await client.models.generateContent(asked)
  assert.equal(whole.candidates[0].content.role, 'model')
  assert.equal(whole.modelVersion, model)
  const pieces = await all(await client.models.generateContentStream(asked))
  assert.equal(pieces.map((piece) => piece.text ?? '').join(''), whole.text)
  assert.equal(pieces.at(-1).usageMetadata.totalTokenCount, whole.usageMetadata.totalTokenCount)
  const counted = await client.models.countTokens({ model, contents: '오늘 날씨는?' })
  assert.ok(counted.totalTokens > 5)
}

async function forms() {
  const schema = { type: Type.OBJECT, properties: { a: { type: Type.STRING, enum: ['x', 'y'] } }, required: ['a'] }
  const held = await client.models.generateContent({ model, contents: 'a', config: { responseMimeType: 'application/json', responseSchema: schema } })
  assert.ok(['x', 'y'].includes(JSON.parse(held.text).a))
}

async function tools() {
  const to = { type: Type.STRING, enum: ['집', '학교'] }
  const walk = { name: 'walk', description: 'Walks.', parameters: { type: Type.OBJECT, properties: { to }, required: ['to'] } }
  const toolConfig = { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } }
  const config = { tools: [{ functionDeclarations: [walk] }], toolConfig }
  const whole = await client.models.generateContent({ model, contents: 'Go.', config })
  assert.ok(to.enum.includes(whole.functionCalls[0].args.to))
  const streamed = await all(await client.models.generateContentStream({ model, contents: 'Go.', config }))
  assert.equal(streamed.flatMap((piece) => piece.functionCalls ?? []).length, 1)
}

async function chats() {
  const chat = client.chats.create({ model, config: { maxOutputTokens: 5 } })
  await chat.sendMessage({ message: 'The weather' })
  await all(await chat.sendMessageStream({ message: 'today' }))
  const roles = chat.getHistory(true).map((content) => content.role) // of a stream one a piece
  assert.equal(roles.filter((role) => role === 'user').length, 2, 'no turn counts as broken')
}

async function failures() {
  assert.deepEqual((await all(await client.models.list())).map((one) => one.name), ['models/' + model])
  assert.equal((await client.models.get({ model })).name, 'models/' + model)
  assert.equal((await refused(() => client.models.generateContent({ model: 'gemini-none', contents: 'a' }), ApiError)).status, 404)
  const cold = await refused(() => client.models.generateContent({ model, contents: 'a', config: { temperature: -1 } }), ApiError)
  assert.match(cold.message, /generationConfig.temperature/)
  assert.equal((await refused(() => clientOf('wrong').models.generateContent({ model, contents: 'a' }), ApiError)).status, 401)
}

for (const test of [answers, forms, tools, chats, failures]) await test()
console.log('gemini: answers, streams, forms, tools, chats, errors, keys')
