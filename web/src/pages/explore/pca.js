// Principal components of n points by the matrix of their products (n is small here, the vectors are long): of the centred
// matrix K, with K u = s u and |u| = 1, the points have the coordinates sqrt(s) u.

const MOST_ROUNDS = 1000
const CLOSE_ENOUGH = 1e-12
const NOTHING = 1e-10 // of the whole variance: rounding

function centred(gram, n) {
  const means = new Float64Array(n)
  let mean = 0
  for (let i = 0; i < n; ++i) {
    for (let j = 0; j < n; ++j) means[i] += gram[i * n + j] / n
    mean += means[i] / n
  }
  return gram.map((value, at) => value - means[Math.floor(at / n)] - means[at % n] + mean)
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)

function take_out(vector, found) {
  for (const other of found) {
    const along = dot(vector, other)
    for (let i = 0; i < vector.length; ++i) vector[i] -= along * other[i]
  }
}

// Takes out what lies along the vectors found, and gives the length 1; null where less than `least` is left. Twice, for what
// is left may be so short that the rounding of the first time counts.
function made_unit(vector, found, least) {
  take_out(vector, found)
  const length = Math.sqrt(dot(vector, vector))
  if (!(length > least)) return null
  const unit = vector.map((value) => value / length)
  take_out(unit, found)
  return unit
}

// By powers of the matrix, deflated by those found before; null where nothing is left.
function next_eigenvector(matrix, n, found, least) {
  // No symmetric start: one that has a part along every vector.
  let vector = made_unit(Float64Array.from({ length: n }, (_, i) => Math.sin(1 + 1.7 * i + 0.3 * i * found.length)), found, 0)
  let value = 0
  for (let round = 0; vector && round < MOST_ROUNDS; ++round) {
    const product = new Float64Array(n)
    for (let i = 0; i < n; ++i) {
      let sum = 0
      for (let j = 0; j < n; ++j) sum += matrix[i * n + j] * vector[j]
      product[i] = sum
    }
    value = dot(vector, product)
    const next = made_unit(product, found, least)
    if (!next) return null
    const moved = Math.sqrt(next.reduce((sum, x, i) => sum + (x - vector[i]) ** 2, 0))
    vector = next
    if (moved < CLOSE_ENOUGH) break
  }
  return vector && { value, vector }
}

/**
 * The first `count` components of n points: {points: n lists of coordinates, shares: the share of the variance of each}. The
 * sign of a component is such that its coordinate of the largest size is positive.
 */
export function pca(gram, n, count = 2) {
  const matrix = centred(gram, n)
  let trace = 0
  for (let i = 0; i < n; ++i) trace += matrix[i * n + i]
  const points = Array.from({ length: n }, () => [])
  const shares = []
  const found = []
  for (let k = 0; k < count; ++k) {
    const one = trace > 0 ? next_eigenvector(matrix, n, found, NOTHING * trace) : null
    const largest = one ? one.vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) + 1e-9 ? x : best), 0) : 0
    const scale = one ? Math.sqrt(Math.max(0, one.value)) * (largest < 0 ? -1 : 1) : 0
    for (let i = 0; i < n; ++i) points[i].push(one ? scale * one.vector[i] : 0)
    shares.push(one ? one.value / trace : 0)
    if (one) found.push(one.vector)
  }
  return { points, shares }
}
