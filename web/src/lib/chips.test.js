// Tokens that are parts of characters: what they are called, alone and beside each other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add_token, begun_by, label_of, name_tokens, show_chip } from './chips.js'

const token = (...bytes) => ({ id: 0, bytes })
const of = (text) => token(...new TextEncoder().encode(text))
const texts = (tokens) => name_tokens(tokens).map(label_of)

test('parts of a character are called by their bytes, and the last one by what they make', () => {
  const names = name_tokens([of('오'), token(0xeb, 0xa7), token(0x90), of(' a\n')])
  assert.deepEqual(names.map(({ text }) => text), ['오', '⟨EB A7⟩', '⟨90⟩', '␣a↵'])
  assert.deepEqual(names.map(({ is_part }) => is_part), [false, true, true, false])
  assert.deepEqual(names.map(({ whole }) => whole), ['', '말', '말', ''])
  assert.deepEqual(names.map(({ ends }) => ends), [false, false, true, false])
  assert.equal(label_of(names[2]), '⟨90⟩=말')
})

test('tokens may hold the end of one character and the beginning of the next', () => {
  const bytes = [...new TextEncoder().encode('말모')]
  assert.deepEqual(texts([token(...bytes.slice(0, 2)), token(...bytes.slice(2, 5)), token(bytes[5])]), ['⟨EB A7⟩', '⟨90 EB AA⟩', '⟨A8⟩=말모'])
})

test('bytes that make no character stand for nothing else', () => {
  const names = name_tokens([token(0x90), token(0xec), of('a'), token(0xec, 0x9d)])
  assert.deepEqual(names.map(label_of), ['⟨90⟩', '⟨EC⟩', 'a', '⟨EC 9D⟩'])
  assert.ok(names.every(({ whole, ends }) => whole === '' && !ends))
  assert.deepEqual(names.map(({ is_part }) => is_part), [true, true, false, true])
})

test('a character that is written as U+FFFD is that character', () => {
  assert.deepEqual(texts([of('\ufffd')]), ['\ufffd'])
  assert.deepEqual(texts([{ id: 1, text: '가' }]), ['가'], 'an answer without bytes')
  assert.deepEqual(texts([{ id: 1, bytes: [] }]), ['∅'])
})

test('a chip is shown without replacement characters', () => {
  const chips = []
  for (const one of [of('말'), token(0xec), of('a'), token(0xeb, 0xa7)]) add_token(chips, one)
  assert.deepEqual(chips.map(show_chip), ['말', '⟨EC⟩a', '⟨EB A7⟩'])
})

test('what is begun are the bytes of the last character alone', () => {
  assert.deepEqual(begun_by([of('오'), token(0xeb), token(0xa7)]), [0xeb, 0xa7])
  assert.deepEqual(begun_by([token(0xeb), token(0xa7), token(0x90)]), [])
  assert.deepEqual(begun_by([]), [])
})
