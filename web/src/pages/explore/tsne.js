// t-SNE (van der Maaten, Hinton 2008), exact: every pair is looked at, for up to some 500 points. A step is small, so that a
// page can take a few between two frames and stay alive.
import { normal } from './random.js'

export const STEPS = 1000
// As in the paper's own code and scikit-learn's: attraction is exaggerated at first, while the momentum is low.
const EXAGGERATION = 12
const EXAGGERATED_STEPS = 250
const MOMENTUM = [0.5, 0.8]
const LEAST_RATE = 50
const LEAST_GAIN = 0.01
const FIRST_SPREAD = 1e-4
const TINY = 1e-12

/** The largest perplexity that so many points bear: each must have about three times as many neighbours. */
export const most_perplexity = (n) => Math.max(1, (n - 1) / 3)

/** Row i of p(j|i): a Gaussian around point i whose entropy is log(perplexity), found by halving. `squared`: distances. */
export function affinities(squared, n, i, perplexity) {
  const row = new Float64Array(n)
  let [low, high, precision] = [0, Infinity, 1]
  let nearest = Infinity
  for (let j = 0; j < n; ++j) if (j !== i) nearest = Math.min(nearest, squared[i * n + j])
  for (let round = 0; round < 100; ++round) {
    let [sum, moment] = [0, 0]
    for (let j = 0; j < n; ++j) {
      // Relative to the nearest: otherwise all may underflow.
      const beyond = squared[i * n + j] - nearest
      row[j] = j === i ? 0 : Math.exp(-precision * beyond)
      sum += row[j]
      if (j !== i) moment += row[j] * beyond
    }
    const surplus = Math.log(sum) + (precision * moment) / sum - Math.log(perplexity)
    for (let j = 0; j < n; ++j) row[j] /= sum
    if (Math.abs(surplus) < 1e-7) break
    if (surplus > 0) low = precision
    else high = precision
    precision = high === Infinity ? precision * 2 : (low + high) / 2
  }
  return row
}

export class Tsne {
  /** `squared`: n * n squared distances. The same seed gives the same map. */
  constructor(squared, n, { perplexity = 30, seed = 1 } = {}) {
    this.n = n
    this.steps = 0
    this.loss = NaN
    this.rate = Math.max(n / EXAGGERATION / 4, LEAST_RATE)
    const chosen = Math.min(perplexity, most_perplexity(n))
    this.p = new Float64Array(n * n)
    for (let i = 0; i < n; ++i) {
      const row = affinities(squared, n, i, chosen)
      for (let j = 0; j < n; ++j) {
        this.p[i * n + j] += row[j] / (2 * n)
        this.p[j * n + i] += row[j] / (2 * n)
      }
    }
    const next = normal(seed)
    this.y = Float64Array.from({ length: 2 * n }, () => FIRST_SPREAD * next())
    this.velocity = new Float64Array(2 * n)
    this.gains = new Float64Array(2 * n).fill(1)
    this.kernel = new Float64Array(n * n)
  }

  /** Kullback and Leibler's divergence of the map from the affinities, in nats, and its gradient (into `gradient`). */
  measure(gradient, exaggeration = 1) {
    const { n, y, p, kernel } = this
    let total = 0
    for (let i = 0; i < n; ++i) {
      for (let j = 0; j < i; ++j) {
        const across = y[2 * i] - y[2 * j]
        const down = y[2 * i + 1] - y[2 * j + 1]
        const near = 1 / (1 + across * across + down * down)
        kernel[i * n + j] = near
        total += 2 * near
      }
    }
    gradient.fill(0)
    let loss = 0
    for (let i = 0; i < n; ++i) {
      for (let j = 0; j < i; ++j) {
        const near = kernel[i * n + j]
        const q = Math.max(near / total, TINY)
        const want = p[i * n + j]
        if (want > TINY) loss += 2 * want * Math.log(want / q)
        const pull = 4 * (exaggeration * want - q) * near
        const across = pull * (y[2 * i] - y[2 * j])
        const down = pull * (y[2 * i + 1] - y[2 * j + 1])
        gradient[2 * i] += across
        gradient[2 * i + 1] += down
        gradient[2 * j] -= across
        gradient[2 * j + 1] -= down
      }
    }
    return loss
  }

  step() {
    const early = this.steps < EXAGGERATED_STEPS
    const gradient = new Float64Array(2 * this.n)
    this.loss = this.measure(gradient, early ? EXAGGERATION : 1)
    const momentum = MOMENTUM[early ? 0 : 1]
    const { y, velocity, gains } = this
    for (let i = 0; i < y.length; ++i) {
      const turned = gradient[i] > 0 !== velocity[i] > 0
      gains[i] = Math.max(LEAST_GAIN, turned ? gains[i] + 0.2 : gains[i] * 0.8)
      velocity[i] = momentum * velocity[i] - this.rate * gains[i] * gradient[i]
      y[i] += velocity[i]
    }
    this.#centre()
    ++this.steps
  }

  get done() {
    return this.steps >= STEPS
  }

  get points() {
    return Array.from({ length: this.n }, (_, i) => [this.y[2 * i], this.y[2 * i + 1]])
  }

  #centre() {
    for (const axis of [0, 1]) {
      let mean = 0
      for (let i = 0; i < this.n; ++i) mean += this.y[2 * i + axis] / this.n
      for (let i = 0; i < this.n; ++i) this.y[2 * i + axis] -= mean
    }
  }
}
