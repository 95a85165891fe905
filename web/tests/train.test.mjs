// Curves of training: what is drawn of them, and how they grow; events as they come.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cut_events } from '../src/lib/events.js'
import { by_step, clock, extent, log_ticks, most_points, nearest, new_scale, over, path_of, short_number, smoothed, ticks, with_points, with_samples } from '../src/pages/train/curves.js'
import { figure_charts, known } from '../src/pages/train/figures.js'
import words from '../src/pages/train/words.js'

const series = (...points) => ({ series: { loss: { points } } })

test('points are added once, and a run that goes on from a checkpoint begins anew', () => {
  let curves = with_points({}, series([0, 10, 1, 5], [1, 20, 2, 4]))
  curves = with_points(curves, series([1, 20, 2, 4], [2, 30, 3, null]))
  assert.deepEqual(curves.loss.map(([step]) => step), [0, 1, 2])
  assert.deepEqual(with_points(curves, { ...series([0, 10, 1, 9]), whole: true }).loss, [[0, 10, 1, 9]])
  assert.deepEqual(over(curves.loss, 'steps'), [[1, 5], [2, 4], [3, null]])
  assert.deepEqual(over(curves.loss, 'tokens')[2], [30, null])
})

test('long curves keep their extremes', () => {
  const points = Array.from({ length: most_points + 7 }, (_, i) => [i, i, i, i === 1234 ? 99 : i === 2222 ? -99 : Math.sin(i)])
  const { loss } = with_points({}, series(...points))
  assert.ok(loss.length <= most_points && loss.length > most_points / 3)
  assert.ok(loss.some((p) => p[3] === 99) && loss.some((p) => p[3] === -99))
  assert.deepEqual(loss, [...loss].sort((a, b) => a[0] - b[0]))
})

test('samples stand once each, by their steps', () => {
  const one = { step: 2, prompt: 'a', text: 'x' }
  const two = { step: 1, prompt: 'a', text: 'y' }
  assert.deepEqual(with_samples([one], { samples: [one, two] }), [two, one])
  assert.deepEqual(with_samples([one], { samples: [two], whole: true }), [two])
  assert.deepEqual(by_step([two, one, { ...one, prompt: 'b' }]).map(({ step, texts }) => [step, texts.length]), [[2, 2], [1, 1]])
})

test('smoothing begins at the first value and leaves gaps', () => {
  assert.deepEqual(smoothed([[0, 4], [1, null], [2, 4]], 0.9), [[0, 4], [1, null], [2, 4]])
  const line = smoothed([[0, 0], [1, 1]], 0.5)
  assert.ok(Math.abs(line[1][1] - 2 / 3) < 1e-12)
  const same = [[0, 1]]
  assert.equal(smoothed(same, 0), same)
})

test('scales, linear and logarithmic', () => {
  const x = new_scale([0, 10], [100, 200])
  assert.equal(x.at(5), 150)
  assert.equal(x.value_at(150), 5)
  const y = new_scale([1, 100], [0, 200], { log: true })
  assert.equal(y.at(10), 100)
  assert.equal(y.at(0), null)
  assert.equal(Math.round(y.value_at(100)), 10)
  assert.ok(Number.isFinite(new_scale([3, 3], [0, 10]).at(3)))
  assert.equal(extent([null, NaN]), null)
  assert.deepEqual(extent([0, -1, 3, 2], true), [2, 3])
  assert.deepEqual(extent([0, -1, 3]), [-1, 3])
})

test('ticks are round and few', () => {
  assert.deepEqual(ticks(0, 400, 5), [0, 100, 200, 300, 400])
  assert.deepEqual(ticks(0.07, 0.31, 5), [0.1, 0.15, 0.2, 0.25, 0.3])
  assert.deepEqual(log_ticks(1, 1000, 5), [1, 10, 100, 1000])
  assert.deepEqual(log_ticks(0.09, 5, 5), [0.1, 1])
  assert.deepEqual(log_ticks(2.2, 2.9, 5), ticks(2.2, 2.9, 5))
  for (const [low, high] of [[1e-9, 1e9], [5, 5.0001], [1, 3e6]]) assert.ok(log_ticks(low, high, 5).length <= 14, `${low}`)
})

test('a path is broken where nothing can be shown', () => {
  const x = new_scale([0, 4], [0, 40])
  const y = new_scale([0, 1], [10, 0])
  assert.equal(path_of([[0, 0], [1, 1], [2, null], [3, 0], [4, 1]], x, y), 'M0.0 10.0L10.0 0.0M30.0 10.0L40.0 0.0')
})

test('the nearest point', () => {
  const line = [[0, 1], [10, 2], [20, 3]]
  assert.deepEqual([-5, 4, 6, 16, 99].map((x) => nearest(line, x)[0]), [0, 0, 10, 20, 20])
  assert.equal(nearest([], 1), null)
})

test('numbers in short', () => {
  assert.deepEqual([0, 1234567, 999, 0.00025, 2.5, 115136, null, 1e15].map(short_number), ['0', '1.23M', '999', '2.5e-4', '2.5', '115k', '–', '1000T'])
  assert.deepEqual([4, 59.94, 200, 7509].map(clock), ['4 s', '59.9 s', '3:20', '2:05:09'])
})

test('events are cut where they are whole', () => {
  const { events, rest } = cut_events(':\n\nevent: points\ndata: {"a":1}\n\nevent: end\nda')
  assert.deepEqual(events, [{ name: 'points', data: { a: 1 } }])
  assert.equal(rest, 'event: end\nda')
})

test('training and what is held out of one figure, and both sides of a thing, stand in one chart', () => {
  const charts = figure_charts(['own', 'valid_rejected_rewards', 'chosen_rewards', 'valid_chosen_rewards', 'rejected_rewards', 'valid_accuracy', 'end_to_end', 'start_loss', 'end_loss'])
  assert.deepEqual(charts.map(({ chart }) => chart), ['accuracy', 'chosen_rejected_rewards', 'start_end_loss', 'own', 'end_to_end'])
  assert.deepEqual(charts[0].lines, [{ figure: 'valid_accuracy', valid: true, side: '', second: false }])
  assert.deepEqual(charts[1].lines.map(({ figure }) => figure), ['chosen_rewards', 'valid_chosen_rewards', 'rejected_rewards', 'valid_rejected_rewards'])
  assert.deepEqual(charts[2].lines.map(({ side, second }) => [side, second]), [['start', false], ['end', true]])
})

test('charts of figures have words, and unknown ones their names', () => {
  const said = (name) => figure_charts([name]).map(({ word, name: part }) => [word, part])[0]
  assert.deepEqual(said('reward'), ['reward', 'reward'])
  assert.deepEqual(said('reward_std'), ['reward_std', 'reward_std'])
  assert.deepEqual(said('valid_reward_number'), ['reward:part', 'number'])
  assert.deepEqual(said('reward_number_failed'), ['reward:failed', 'number'])
  assert.deepEqual(said('rejected_luck'), ['', 'luck'])
  for (const name of ['constructor', '__proto__', 'own']) assert.deepEqual(said(name), ['', name])
  for (const name of known) for (const language of ['ko', 'en']) assert.ok(words[language]['figure_' + name], name)
})
