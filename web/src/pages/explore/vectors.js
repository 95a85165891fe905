// Products, distances and neighbours of a list of vectors.

/** The matrix of dot products, row by row, as Float64Array of n * n; a generator that yields after each row. */
export function* gram_rows(vectors) {
  const n = vectors.length
  const gram = new Float64Array(n * n)
  for (let i = 0; i < n; ++i) {
    for (let j = 0; j <= i; ++j) {
      const [a, b] = [vectors[i], vectors[j]]
      let sum = 0
      for (let k = 0; k < a.length; ++k) sum += a[k] * b[k]
      gram[i * n + j] = gram[j * n + i] = sum
    }
    yield
  }
  return gram
}

/** |a - b|^2 of each pair, from the products. */
export function squared_distances(gram, n) {
  const squared = new Float64Array(n * n)
  for (let i = 0; i < n; ++i) {
    for (let j = 0; j < n; ++j) squared[i * n + j] = Math.max(0, gram[i * n + i] + gram[j * n + j] - 2 * gram[i * n + j])
  }
  return squared
}

/** The `count` nearest to the vector `of` by cosine, nearest first: [{index, cosine}]. */
export function neighbours(gram, n, of, count) {
  const length = (i) => Math.sqrt(gram[i * n + i]) || 1
  const others = []
  for (let i = 0; i < n; ++i) if (i !== of) others.push({ index: i, cosine: gram[of * n + i] / (length(of) * length(i)) })
  return others.sort((a, b) => b.cosine - a.cosine || a.index - b.index).slice(0, count)
}
