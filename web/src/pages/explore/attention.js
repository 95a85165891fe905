// What an answer of /explore/attention says, made ready to be drawn: which tokens stand at the rows (those that look) and at
// the columns (those looked at), the strongest of a row, and a scale of colours.

/** What the call takes for the mean of all heads. */
export const MEAN_OF_HEADS = -1

/** {rows, columns}: lists of tokens that fit the weights. */
export function sides(answer, kind) {
  const source = answer.source_tokens ?? answer.tokens
  const rows = kind === 'encoder' ? source : answer.tokens
  const columns = kind === 'self' ? answer.tokens : source
  return { rows: rows.slice(0, answer.weights.length), columns: columns.slice(0, answer.weights[0]?.length ?? 0) }
}

/** The columns that a row looks at most: [{column, weight}], the strongest first. */
export function strongest(row, count) {
  return row
    .map((weight, column) => ({ column, weight }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.column - b.column)
    .slice(0, count)
}

/** A colour '#rrggbb' as numbers. */
export const parse_colour = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16))

/** The colour of a share in [0, 1] on a scale of colours, at equal distances. */
export function colour_at(share, scale) {
  const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1)
  const low = Math.min(Math.floor(at), scale.length - 2)
  return scale[low].map((value, i) => Math.round(value + (scale[low + 1][i] - value) * (at - low)))
}

/** Weights as pixels (RGBA), one a cell; `stretch` draws the square root, so that small weights can be told apart. */
export function pixels(weights, scale, stretch) {
  const width = weights[0]?.length ?? 0
  const bytes = new Uint8ClampedArray(4 * width * weights.length)
  weights.forEach((row, i) =>
    row.forEach((weight, j) => bytes.set([...colour_at(stretch ? Math.sqrt(weight) : weight, scale), 255], 4 * (i * width + j))),
  )
  return { bytes, width, height: weights.length }
}
