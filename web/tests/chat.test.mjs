// Conversations as trees, as requests, and as files.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { from_json, read_conversation, to_json, to_markdown } from '../src/pages/chat/exchange.js'
import { decode, estimate_tokens, read_file, with_files } from '../src/pages/chat/files.js'
import { fields_of, groups, messages_of, new_settings, problem_of, restored, typed_json } from '../src/pages/chat/parameters.js'
import { matches, messages_to, new_conversation, path_of, title_of, turns_of, with_choice, with_fields, with_node, without } from '../src/pages/chat/tree.js'

const node = (id, parent, role, content, more = {}) => ({ id, parent, role, content, time: 1, ...more })
const shown = (conversation) => path_of(conversation).map(({ node }) => node.content).join(' ')
function sample() {
  let c = new_conversation('짧게')
  c = with_node(c, node('na', null, 'user', '질문'))
  c = with_node(c, node('nb', 'na', 'assistant', '첫째'))
  c = with_node(c, node('nc', 'nb', 'user', '더'))
  return with_node(c, node('nd', 'na', 'assistant', '둘째'))
}

test('branches are chosen, and what hangs on them comes with them', () => {
  const c = sample()
  assert.equal(shown(c), '질문 둘째')
  assert.deepEqual(path_of(c)[1].siblings, ['nb', 'nd'])
  const first = with_choice(c, 'nb')
  assert.equal(shown(first), '질문 첫째 더')
  assert.equal(shown(c), '질문 둘째', 'the old value is as it was')
  assert.deepEqual(messages_to(c, 'nc').map((n) => n.id), ['na', 'nb', 'nc'])
  assert.equal(shown(without(first, 'nb')), '질문 둘째')
  assert.deepEqual(Object.keys(without(first, 'na').nodes), [])
  assert.equal(with_fields(c, 'gone', { content: 'x' }), c, 'an answer to a deleted question changes nothing')
  assert.equal(c.title, '질문')
  assert.equal([...title_of('가'.repeat(100))].length, 48)
})

test('answers side by side are one turn', () => {
  let c = with_node(sample(), node('ne', 'na', 'assistant', '가', { group: 'g' }))
  c = with_node(c, node('nf', 'na', 'assistant', '나', { group: 'g' }), false)
  assert.deepEqual(turns_of(c, path_of(c)[1].siblings), [['nb'], ['nd'], ['ne', 'nf']])
  assert.equal(shown(c), '질문 가')
})

test('search', () => {
  assert.ok(matches(sample(), '둘째 질문'))
  assert.ok(matches(sample(), '질문'.normalize('NFD')), 'also as a Mac writes Hangul')
  assert.ok(!matches(sample(), '셋째'))
})

test('requests have what was set, and nothing else', () => {
  const settings = new_settings()
  assert.deepEqual(fields_of(settings), { temperature: 0.8, top_p: 0.95, top_k: 40, repetition_penalty: 1.1, max_tokens: 1024 })
  for (const { name, off } of groups.flatMap((group) => group.parameters)) settings.values[name] = off ?? 5
  assert.equal(Object.keys(fields_of(settings)).length, groups.flatMap((group) => group.parameters).length)
  Object.assign(settings, { stop: 'END\n\\n\\n', breakers: '!', format: 'schema', schema: '{"type":"object"}', tools: '{"name":"f","parameters":{}}', tool_choice: 'required' })
  const fields = fields_of(settings)
  assert.deepEqual(fields.stop, ['END', '\n\n'])
  assert.deepEqual(fields.dry_sequence_breakers, ['!'])
  assert.deepEqual(fields.response_format, { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } })
  assert.deepEqual(fields.tools, [{ type: 'function', function: { name: 'f', parameters: {} } }])
  assert.equal(fields.tool_choice, 'required')
  assert.ok(typed_json('{').wrong)
  assert.deepEqual(restored({ values: { temperature: 0.5, top_k: 'x', foreign: 1 }, stop: 3, model: 'm' }).values.temperature, 0.5)
  assert.equal(restored({ values: { top_k: 'x', min_p: null } }).values.top_k, 40)
  assert.deepEqual(restored(null), new_settings())
})

test('every sampling option of the server can be set, in its range', () => {
  const source = readFileSync(new URL('../../src/chat/sampling.cc', import.meta.url), 'utf8').replaceAll('kMostTokens', '1073741824').replaceAll('kLongestRepetition', '1048576')
  const fields = [...source.matchAll(/\{"(\w+)", &Options::\w+, ([-\d.]+), ([-\d.]+),/g)]
  assert.ok(fields.length >= 19)
  const known = new Map(groups.flatMap((group) => group.parameters).map((parameter) => [parameter.name, parameter]))
  for (const [, name, low, high] of fields) assert.deepEqual([name, known.get(name)?.low, known.get(name)?.high], [name, Number(low), Number(high)])
})

test('settings that cannot be sent are told', () => {
  const settings = new_settings()
  assert.equal(problem_of(settings), null)
  assert.equal(problem_of({ ...settings, tools: '[' }), 'tools')
  assert.equal(problem_of({ ...settings, format: 'schema' }), 'schema')
  assert.equal(problem_of({ ...settings, format: 'schema', schema: '{' }), 'schema')
  assert.equal(problem_of({ ...settings, format: 'schema', schema: '{}' }), null)
})

test('messages of a request', () => {
  let c = sample()
  c = with_node(c, node('ne', 'nd', 'user', '무엇?', { files: [{ name: 'a.md', text: '```\nx\n```\n' }] }))
  c = with_node(c, node('nf', 'ne', 'assistant', '', { reasoning: '음', calls: [{ id: 'c1', name: 'f', arguments: '{}' }] }))
  c = with_node(c, node('ng', 'nf', 'tool', '42', { call: 'c1' }))
  c = with_node(c, node('nh', 'ng', 'assistant', ''))
  const messages = messages_of(c, 'nh')
  assert.deepEqual(messages.map((message) => message.role), ['system', 'user', 'assistant', 'user', 'assistant', 'tool'], 'an answer that failed is not sent')
  assert.equal(messages[3].content, 'a.md\n````\n```\nx\n```\n````\n\n무엇?')
  assert.deepEqual(messages[4].tool_calls, [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }])
  assert.equal(messages[5].tool_call_id, 'c1')
})

test('files', async () => {
  assert.equal(decode(new TextEncoder().encode('말\r\n모이')), '말\n모이')
  assert.equal(decode(new Uint8Array([0xb8, 0xbb, 0xb8, 0xf0])), '말모', 'CP949')
  assert.equal(decode(new Uint8Array([0xff, 0xfe, 0x6c, 0xb9])), '\ub96c')
  assert.equal(decode(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0])), null)
  assert.equal(with_files('q'), 'q')
  assert.equal(with_files('q', [{ name: 'a.eml', title: 'Subject', text: 'b\n' }]), 'a.eml — Subject\n```\nb\n```\n\nq')
})

const file = (name, bytes, size = bytes.length) => ({ name, size, slice: () => file(name, bytes), arrayBuffer: async () => new Uint8Array(bytes).buffer })
const refuses = (status, code, message = 'no') => async () => {
  throw Object.assign(new Error(message), { status, code })
}

test('plain text is read here, documents by the server', async () => {
  const asked = []
  const extract = async (one) => {
    asked.push(one.name)
    return { text: '본문', title: '제목', pages: 2, unread_count: 1 }
  }
  assert.deepEqual(await read_file(file('a.csv', [97, 44, 98]), extract), { text: 'a,b' })
  assert.deepEqual(await read_file(file('a.txt', [97], 3e6), extract), { refused: 'large' })
  assert.deepEqual(asked, [])
  assert.deepEqual(await read_file(file('a.HWPX', [80, 75], 3e6), extract), { text: '본문', title: '제목', pages: 2, unread: 1 })
  assert.equal((await read_file(file('download', [37, 80, 68, 70, 45], 3e6), extract)).text, '본문', 'a PDF without its ending')
  assert.equal((await read_file(file('a.html', [60, 98, 62]), extract)).text, '본문')
  assert.equal((await read_file(file('odd.txt', [0x8f, 0xff, 0xff, 0x41]), extract)).text, '본문', 'an encoding that the browser does not know')
  assert.deepEqual(asked, ['a.HWPX', 'download', 'a.html', 'odd.txt'])
  assert.deepEqual(await read_file(file('a.pdf', [1]), async () => ({ text: 'x' })), { text: 'x' })
  assert.deepEqual(await read_file(file('a.pdf', [1]), async () => ({ text: '가'.repeat(7e5) })), { refused: 'long' })
})

test('why a document is not read is said', async () => {
  const pdf = file('a.pdf', [1])
  assert.deepEqual(await read_file(pdf, refuses(400, 'document_without_text')), { refused: 'document_without_text' })
  assert.deepEqual(await read_file(pdf, refuses(400, 'unsupported_document', 'a.pdf: Rich Text cannot be read here; convert it')), { refused: 'unsupported_document', why: 'Rich Text cannot be read here; convert it' })
  assert.deepEqual(await read_file(pdf, refuses(403, 'insufficient_scope', 'this key lacks it')), { refused: 'failed', why: 'this key lacks it' })
  assert.deepEqual(await read_file(pdf, refuses(undefined, undefined)), { refused: 'offline' })
  const moved = { name: 'a.txt', size: 1, slice: () => moved, arrayBuffer: refuses() }
  assert.deepEqual(await read_file(moved, refuses(400)), { refused: 'gone' })
})

test('tokens of a long text are estimated by its beginning', async () => {
  const counted = []
  const count = async (text) => {
    counted.push(text.length)
    return text.length / 2
  }
  assert.deepEqual(await estimate_tokens('가'.repeat(100), count), { tokens: 50, about: false })
  assert.deepEqual(await estimate_tokens('가'.repeat(50000), count), { tokens: 25000, about: true })
  assert.deepEqual(await estimate_tokens('a' + '😀'.repeat(20000), count), { tokens: 20001, about: true })
  assert.deepEqual(counted, [100, 20000, 19999], 'no half of a pair')
  assert.deepEqual(await estimate_tokens('a', refuses(503)), { tokens: null, about: false })
})

test('what is exported can be imported', () => {
  const c = sample()
  const [back] = from_json(to_json([c]))
  assert.notEqual(back.id, c.id)
  assert.deepEqual({ ...back, id: c.id }, c)
  const [chat] = from_json('{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a","tool_calls":[{"id":"i","function":{"name":"f","arguments":"{}"}}]}]}')
  assert.equal(chat.system, 's')
  assert.equal(shown(chat), 'u a')
  assert.deepEqual(path_of(chat)[1].node.calls, [{ id: 'i', name: 'f', arguments: '{}' }])
  assert.match(to_markdown(c, { user: '나', assistant: '모델', system: '시스템' }), /^# 질문\n\n## 시스템\n\n짧게\n\n## 나\n\n질문\n\n## 모델\n\n둘째\n$/)
})

test('foreign files do no harm', () => {
  for (const text of ['', '[', 'null', '3', '[]', '{}', '{"conversations":[null,3,{"nodes":3}]}', '{"messages":[null,3]}', '{"messages":[]}']) assert.deepEqual(from_json(text), [], text)
  // Circles, what hangs on nothing, other types, names of the language's own.
  const hostile = { id: '__proto__', title: 7, system: {}, nodes: { a: node('na', 'nb', 'user', 'x'), b: node('nb', 'na', 'user', 'y'), c: node('nc', null, 'system', 'z'), d: node('nd', null, 'user', { x: 1 }), e: node('constructor', null, 'user', 'e') }, chosen: { root: 'toString', nd: 'nd' } }
  const read = read_conversation(JSON.parse(JSON.stringify(hostile)))
  assert.deepEqual(Object.keys(read.nodes), ['nd'])
  assert.equal(read.nodes.nd.content, '')
  assert.notEqual(read.id, '__proto__')
  assert.equal(path_of(read).length, 1)
})
