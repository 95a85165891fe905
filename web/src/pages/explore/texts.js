// A list of texts as one types it: a line each, `# name` begins a group, empty lines are passed over.

/** [{text, group}], at most `most`, and whether there were more. */
export function parse_texts(written, most) {
  const all = []
  let group = ''
  for (const line of written.split('\n').map((one) => one.trim())) {
    if (line.startsWith('#')) group = line.slice(1).trim()
    else if (line) all.push({ text: line, group })
  }
  return { texts: all.slice(0, most), more: all.length > most }
}

/** A scale that puts points into a box with a margin: a function of a point. */
export function fit(points, width, height, margin) {
  const bounds = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis])
    return [Math.min(...values), Math.max(...values)]
  })
  const spans = bounds.map(([low, high]) => high - low || 1)
  // One scale for both axes: distances in the drawing are distances in the map.
  const scale = Math.min((width - 2 * margin) / spans[0], (height - 2 * margin) / spans[1])
  const middle = bounds.map(([low, high]) => (low + high) / 2)
  return ([x, y]) => [width / 2 + (x - middle[0]) * scale, height / 2 - (y - middle[1]) * scale]
}

/** Round values over a range, about `count` of them. */
export function ticks_of(values, count = 5) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  if (!(high > low)) return []
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step)
}
