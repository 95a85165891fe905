// What is drawn where: the tree of texts, sides and colours of an attention map, lists of texts, the scale of a map.
import assert from 'node:assert/strict'
import test from 'node:test'
import { colour_at, parse_colour, pixels, sides, strongest } from './attention.js'
import { place_labels } from './labels.js'
import { fit, parse_texts, ticks_of } from './texts.js'
import { child_of, ids_of, lay_out, make_node, path_probability, path_to } from './tree.js'

const token = (id, logprob) => ({ id, logprob })

test('a tree of texts', () => {
  const root = make_node()
  root.next = [token(1, -0.1), token(2, -1), token(3, -2), token(4, -3)]
  const child = child_of(root, root.next[1], 0.3)
  assert.equal(child_of(root, root.next[1], 0.3), child, 'the same token is the same node')
  child.next = [token(5, -0.5)]
  const leaf = child_of(child, child.next[0], 1)
  assert.deepEqual(ids_of(leaf), [2, 5])
  assert.equal(path_to(leaf).length, 3)
  assert.ok(Math.abs(path_probability(leaf) - Math.exp(-1.5)) < 1e-12)
  const { boxes, depth, rows } = lay_out(root, 3)
  assert.equal(depth, 2)
  assert.equal(rows, 3)
  // Three of the four are shown, the most probable first; one of them was opened.
  const first = boxes.filter((box) => box.depth === 1)
  assert.deepEqual(first.map((box) => [box.token.id, box.opened, box.row]), [[1, false, 0], [2, true, 1], [3, false, 2]])
  assert.equal(boxes.find((box) => box.token?.id === 5).from, boxes.findIndex((box) => box.node === child))
})

test('which tokens stand at the sides of a map', () => {
  const [a, b] = [[{ text: 'a' }, { text: 'b' }], [{ text: 'x' }, { text: 'y' }, { text: 'z' }]]
  const of = (rows, columns) => Array.from({ length: rows }, () => new Array(columns).fill(0))
  const self = sides({ tokens: a, source_tokens: b, weights: of(2, 2) }, 'self')
  assert.deepEqual([self.rows, self.columns], [a, a])
  const cross = sides({ tokens: a, source_tokens: b, weights: of(2, 3) }, 'cross')
  assert.deepEqual([cross.rows, cross.columns], [a, b])
  const encoder = sides({ tokens: a, source_tokens: b, weights: of(3, 3) }, 'encoder')
  assert.deepEqual([encoder.rows, encoder.columns], [b, b])
})

test('the strongest of a row', () => {
  assert.deepEqual(strongest([0.2, 0, 0.5, 0.3], 2), [{ column: 2, weight: 0.5 }, { column: 3, weight: 0.3 }])
  assert.equal(strongest([0, 1, 0], 5).length, 1)
})

test('colours of a scale', () => {
  const scale = ['#000000', '#ff0000', '#ffffff'].map(parse_colour)
  assert.deepEqual(colour_at(0, scale), [0, 0, 0])
  assert.deepEqual(colour_at(0.5, scale), [255, 0, 0])
  assert.deepEqual(colour_at(0.75, scale), [255, 128, 128])
  assert.deepEqual(colour_at(2, scale), [255, 255, 255])
  const { bytes, width, height } = pixels([[0, 0.25], [1, 0]], scale, true)
  assert.deepEqual([width, height], [2, 2])
  assert.deepEqual([...bytes.slice(4, 8)], [255, 0, 0, 255], 'the root of 0.25 is the middle')
})

test('a list of texts with groups', () => {
  const { texts, more } = parse_texts('a\n\n# one\n b \n#two\nc', 2)
  assert.deepEqual(texts, [{ text: 'a', group: '' }, { text: 'b', group: 'one' }])
  assert.ok(more)
})

test('points fit into a box with one scale for both axes', () => {
  const place = fit([[0, 0], [10, 5]], 220, 220, 10)
  assert.deepEqual(place([0, 0]), [10, 160])
  assert.deepEqual(place([10, 5]), [210, 60])
  assert.ok(fit([[1, 1]], 100, 100, 10)([1, 1]).every((value) => value === 50), 'a single point stands in the middle')
})

test('names beside points do not cover each other', () => {
  const bounds = { x: 0, y: 0, width: 200, height: 100 }
  const place = (points, always) => place_labels(points, points.map(() => 'name'), [...points.keys()], bounds, always)
  assert.deepEqual(place([[50, 50]]), [{ anchor: 'start', dx: 9, dy: 4 }])
  // On the right edge a name stands on the left, and of two in one place the second takes another side.
  assert.equal(place([[190, 50]])[0].anchor, 'end')
  assert.deepEqual(place([[100, 50], [100, 52]]).map((one) => one?.anchor), ['start', 'end'])
  // Where there is no room none stands, but that which must.
  const crowd = Array.from({ length: 30 }, () => [100, 50])
  assert.ok(place(crowd).filter((one) => one === null).length > 20)
  assert.notEqual(place(crowd, (i) => i === 29)[29], null)
})

test('round values over a range', () => {
  assert.deepEqual(ticks_of([0, 10]), [0, 2, 4, 6, 8, 10])
  assert.deepEqual(ticks_of([-1.2, 3.7]), [-1, 0, 1, 2, 3])
  assert.deepEqual(ticks_of([3, 3]), [])
})
