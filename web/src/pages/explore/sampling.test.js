// The page's samplers against the values of the server's own tests and of one of its answers.
import assert from 'node:assert/strict'
import test from 'node:test'
import { draw, entropy, sample, tail_from_chance, tail_mass, tail_weight, uncertainty } from './sampling.js'

const four = [0.4, 0.3, 0.2, 0.1].map(Math.log) // .3 .1 .4 .2 of src/infer/sampling_test.cc, the largest first

function near(got, want, within = 1e-9) {
  assert.equal(got.length, want.length)
  got.forEach((value, i) => assert.ok(Math.abs(value - want[i]) <= within, `${i}: ${value}, not ${want[i]}`))
}
const chances = (options) => sample(four, options).chances

test('without options it is the model', () => near(chances({}), [0.4, 0.3, 0.2, 0.1]))

test('temperature sharpens and flattens', () => {
  const total = 0.16 + 0.09 + 0.04 + 0.01
  near(chances({ temperature: 0.5 }), [0.16 / total, 0.09 / total, 0.04 / total, 0.01 / total])
  near(chances({ temperature: 0 }), [1, 0, 0, 0])
})

test('top-k keeps the k largest', () => {
  near(chances({ top_k: 2 }), [4 / 7, 3 / 7, 0, 0])
  near(chances({ top_k: 9 }), [0.4, 0.3, 0.2, 0.1])
})

test('top-p keeps the fewest that reach it, of what top-k kept', () => {
  near(chances({ top_p: 0.5 }), [4 / 7, 3 / 7, 0, 0])
  near(chances({ top_p: 0.39 }), [1, 0, 0, 0])
  near(chances({ top_p: 0.85 }), [4 / 9, 3 / 9, 2 / 9, 0])
  near(chances({ top_k: 2, top_p: 0.5 }), [1, 0, 0, 0])
})

test('min-p keeps those near the largest', () => {
  near(chances({ min_p: 0.6 }), [4 / 7, 3 / 7, 0, 0])
  near(chances({ min_p: 1 }), [1, 0, 0, 0])
})

test('what is typed may be nothing, or too much', () => {
  near(chances({ temperature: null, top_k: NaN, top_p: undefined, min_p: null }), [0.4, 0.3, 0.2, 0.1])
  near(chances({ temperature: -1 }), [1, 0, 0, 0])
  near(chances({ top_p: 0 }), [1, 0, 0, 0])
  near(chances({ top_k: 1.6, min_p: 7 }), [1, 0, 0, 0])
})

test('each token is told by what it was cut', () => {
  const { cuts, kept } = sample(four, { top_k: 3, min_p: 0.6 })
  assert.deepEqual(cuts, ['', '', 'min_p', 'top_k'])
  assert.equal(kept, 2)
})

test('an answer of the server: temperature 0.7, top-k 2', () => {
  // SmolLM2-135M-Instruct behind "The weather today"
  const { chances: got, exact } = sample([-0.8326869869002671, -2.401027288413939, -2.9203601741561265], { temperature: 0.7, top_k: 2 })
  near(got, [0.9038267242444498, 0.09617327575555029, 0], 1e-12)
  assert.ok(exact)
})

test('what is not listed counts', () => {
  const listed = four.slice(0, 2) // 0.3 is missing
  assert.ok(Math.abs(tail_mass(listed) - 0.3) < 1e-12)
  assert.equal(tail_mass(four), 0)
  const all = sample(listed, {})
  near(all.chances, [0.4, 0.3])
  assert.ok(Math.abs(all.tail - 0.3) < 1e-12 && all.exact)
  near(sample(listed, { top_p: 0.5 }).chances, [4 / 7, 3 / 7])
  assert.ok(!sample(listed, { top_p: 0.9 }).exact, 'the cut is among what is not listed')
  assert.ok(sample(listed, { top_p: 0.9, min_p: 0.8 }).exact, 'but min-p cuts before')
  near(sample(listed, { top_p: 0.9, min_p: 0.8 }).chances, [1, 0])
  assert.ok(!sample(listed, { temperature: 1.5 }).exact)
  assert.ok(sample(listed, { temperature: 1.5, top_k: 2 }).exact)
})

test('the server tells the tail at any temperature', () => {
  const [t, weights] = [2, [0.4, 0.3, 0.2, 0.1].map((p) => Math.sqrt(p / 0.4))]
  const chance = 1 / weights.reduce((sum, w) => sum + w)
  const tail = tail_from_chance(four.slice(0, 2), t, chance)
  assert.ok(Math.abs(tail - weights[2] - weights[3]) < 1e-12)
  const { chances: got, exact } = sample(four.slice(0, 2), { temperature: t }, tail)
  near(got, [chance, chance * weights[1]])
  assert.ok(exact)
})

test('the estimate of the tail is right for a power law', () => {
  // p(r) = c / r^1.5 over 100,000 tokens, the first 100 listed.
  const weights = Array.from({ length: 100000 }, (_, i) => (i + 1) ** -1.5)
  const total = weights.reduce((sum, w) => sum + w)
  const listed = weights.slice(0, 100).map((w) => Math.log(w / total))
  const want = weights.slice(100).reduce((sum, w) => sum + Math.sqrt(w), 0)
  const got = tail_weight(listed, 2)
  assert.ok(Math.abs(got / want - 1) < 0.15, `${got}, not ${want}`)
})

test('entropy in bits, and the number of choices', () => {
  assert.equal(entropy([0.5, 0.5]), 1)
  assert.equal(entropy([0.25, 0.25, 0.25, 0.25, 0]), 2)
  assert.equal(entropy([1]), 0)
  assert.deepEqual(uncertainty([0.5, 0.5], 0), { bits: 1, choices: 2, at_least: false })
  assert.ok(uncertainty([0.5, 0.25], 0.25).at_least)
})

test('draws are by cumulative chance', () => {
  assert.equal(draw([0.5, 0.3, 0.2], 0), 0)
  assert.equal(draw([0.5, 0.3, 0.2], 0.5), 1)
  assert.equal(draw([0.5, 0.3, 0.2], 0.999999999999), 2)
  assert.equal(draw([0.5, 0.3], 0.9), -1)
  assert.equal(draw([0, 1, 0], 0.7), 1)
})
