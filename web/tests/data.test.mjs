// A corpus's report as rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted, documents_address, grouped, kept_share, lengths, size } from '../src/pages/data/report.js'

test('counts and groups, the largest first; lengths by their number', () => {
  assert.deepEqual(counted({ a: 1, b: 3 }), [{ name: 'b', value: 3 }, { name: 'a', value: 1 }])
  assert.deepEqual(counted(undefined), [])
  assert.deepEqual(grouped({ ko: { documents: 2, bytes: 5 }, en: { bytes: 9 } }), [{ name: 'en', documents: 0, bytes: 9 }, { name: 'ko', documents: 2, bytes: 5 }])
  assert.deepEqual(lengths({ '1024-2047': 1, '256-511': 4, '0-0': 2 }).map(({ name }) => name), ['0-0', '256-511', '1024-2047'])
})

test('what was kept', () => {
  assert.equal(kept_share({ inputs: { documents: 4 }, kept: { documents: 3 } }), 0.75)
  assert.equal(kept_share({ inputs: { documents: 0 } }), null)
  assert.equal(kept_share(null), null)
})

test('sizes and addresses', () => {
  assert.deepEqual([0, 999, 12345, 5.7e6, null].map(size), ['0 B', '999 B', '12.3 kB', '5.7 MB', '–'])
  assert.equal(documents_address('가 1', { kept: false, reason: 'a&b', find: '' }, 50, 25), '/data/%EA%B0%80%201/documents?kept=false&offset=50&limit=25&reason=a%26b')
  assert.equal(documents_address('x', { kept: true, reason: 'a', find: 'b' }, 0, 25), '/data/x/documents?kept=true&offset=0&limit=25&find=b')
})
