// Products, neighbours, principal components and t-SNE against values worked out by hand and by differences.
import assert from 'node:assert/strict'
import test from 'node:test'
import { pca } from './pca.js'
import { normal, uniform } from './random.js'
import { affinities, Tsne } from './tsne.js'
import { gram_rows, neighbours, squared_distances } from './vectors.js'

function gram_of(vectors) {
  const rows = gram_rows(vectors)
  for (;;) {
    const { value, done } = rows.next()
    if (done) return value
  }
}
const close = (got, want, within = 1e-9) => assert.ok(Math.abs(got - want) <= within, `${got}, not ${want}`)

test('products, distances, neighbours', () => {
  const gram = gram_of([[1, 0], [0, 2], [3, 4]])
  assert.deepEqual([...gram], [1, 0, 3, 0, 4, 8, 3, 8, 25])
  assert.deepEqual([...squared_distances(gram, 3)], [0, 5, 20, 5, 0, 13, 20, 13, 0])
  assert.deepEqual(neighbours(gram, 3, 2, 2).map(({ index }) => index), [1, 0])
  close(neighbours(gram, 3, 2, 2)[0].cosine, 0.8)
})

test('principal components of points on a line', () => {
  const { points, shares } = pca(gram_of([[0, 0], [3, 4], [6, 8]]), 3)
  const want = [-5, 0, 5].map((x) => x * Math.sign(points[2][0])) // the largest are two of one size: either sign
  points.forEach((point, i) => close(point[0], want[i], 1e-6))
  points.forEach((point) => close(point[1], 0, 1e-6))
  close(shares[0], 1)
})

test('principal components of a cross', () => {
  // Covariance diag(2, 0.5) over four points: shares 0.8 and 0.2.
  const { points, shares } = pca(gram_of([[2, 0], [-2, 0], [0, 1], [0, -1]]), 4)
  close(shares[0], 0.8, 1e-6)
  close(shares[1], 0.2, 1e-6)
  close(Math.abs(points[0][0]), 2, 1e-6)
  close(Math.abs(points[2][1]), 1, 1e-6)
})

test('principal components keep distances where two are all there are', () => {
  const next = normal(3)
  const flat = Array.from({ length: 20 }, () => [next(), 3 * next()])
  const turned = flat.map(([x, y]) => [0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y, 5])
  const { points, shares } = pca(gram_of(turned), 20)
  close(shares[0] + shares[1], 1, 1e-6)
  const far = (list, i, j) => Math.hypot(list[i][0] - list[j][0], list[i][1] - list[j][1])
  for (let i = 1; i < 20; ++i) close(far(points, 0, i), far(flat, 0, i), 1e-5)
})

test('equal points have no components', () => {
  const { points, shares } = pca(gram_of([[1, 1], [1, 1]]), 2)
  assert.deepEqual(shares, [0, 0])
  assert.deepEqual(points, [[0, 0], [0, 0]])
})

test('random numbers depend on the seed alone', () => {
  // mulberry32 with seed 1, as its author's code gives it
  const next = uniform(1)
  close(next(), 0.6270739405881613, 1e-12)
  assert.equal(uniform(7)(), uniform(7)())
  assert.notEqual(uniform(7)(), uniform(8)())
})

const clusters = () => {
  const next = normal(5)
  return Array.from({ length: 40 }, (_, i) => Array.from({ length: 10 }, (_, k) => (k === 0 ? (i < 20 ? 10 : -10) : next())))
}
const squared_of = (vectors) => squared_distances(gram_of(vectors), vectors.length)

test('the neighbourhood of a point has the perplexity that was asked for', () => {
  const row = affinities(squared_of(clusters()), 40, 3, 8)
  close(row.reduce((sum, p) => sum + p), 1)
  close(Math.exp(-row.reduce((sum, p) => (p > 0 ? sum + p * Math.log(p) : sum), 0)), 8, 1e-4)
  assert.equal(row[3], 0)
})

test('the gradient is that of the loss', () => {
  const tsne = new Tsne(squared_of(clusters()), 40, { perplexity: 8, seed: 2 })
  const next = normal(9)
  tsne.y.forEach((_, i) => (tsne.y[i] = next()))
  const gradient = new Float64Array(80)
  tsne.measure(gradient)
  const unused = new Float64Array(80)
  for (const at of [0, 17, 79]) {
    const old = tsne.y[at]
    tsne.y[at] = old + 1e-5
    const above = tsne.measure(unused)
    tsne.y[at] = old - 1e-5
    const below = tsne.measure(unused)
    tsne.y[at] = old
    close((above - below) / 2e-5, gradient[at], 1e-6)
  }
})

test('two clusters come apart, the same by the same seed', () => {
  const run = (seed) => {
    const tsne = new Tsne(squared_of(clusters()), 40, { perplexity: 10, seed })
    while (!tsne.done) tsne.step()
    return tsne
  }
  const map = run(4)
  assert.deepEqual(run(4).points, map.points)
  assert.notDeepEqual(run(5).points, map.points)
  assert.ok(map.loss < 1, `loss ${map.loss}`)
  const far = (i, j) => Math.hypot(map.points[i][0] - map.points[j][0], map.points[i][1] - map.points[j][1])
  const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length
  const within = []
  const between = []
  for (let i = 0; i < 40; ++i) for (let j = 0; j < i; ++j) (i < 20 === j < 20 ? within : between).push(far(i, j))
  assert.ok(mean(between) > 2 * mean(within), `${mean(between)} and ${mean(within)}`)
})

test('two points make a map, too', () => {
  const tsne = new Tsne(squared_of([[0, 1], [1, 0]]), 2)
  while (!tsne.done) tsne.step()
  assert.ok(tsne.points.flat().every(Number.isFinite))
})

test('points that are all the same stay finite', () => {
  const tsne = new Tsne(squared_of([[0, 1], [0, 1], [0, 1], [0, 1]]), 4)
  while (!tsne.done) tsne.step()
  assert.ok(tsne.points.flat().every(Number.isFinite))
})
