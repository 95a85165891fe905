// Where names stand beside points, so that they do not cover each other.

const [LETTER, WIDE_LETTER, LINE, BESIDE] = [7, 12.5, 14, 9] // pixels: letters, a line, the distance from the point
const POINT = 5 // half the size of one

export const width_of = (text) => [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e80 ? WIDE_LETTER : LETTER), 0)

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

// Right, left, below, above: the box of a name there, and how its text is anchored.
function places([x, y], text) {
  const width = width_of(text)
  const height = LINE
  return [
    { x: x + BESIDE, y: y - LINE / 2, width, height, anchor: 'start', dx: BESIDE, dy: 4 },
    { x: x - BESIDE - width, y: y - LINE / 2, width, height, anchor: 'end', dx: -BESIDE, dy: 4 },
    { x: x - width / 2, y: y + BESIDE - 2, width, height, anchor: 'middle', dx: 0, dy: BESIDE + 10 },
    { x: x - width / 2, y: y - BESIDE - LINE + 2, width, height, anchor: 'middle', dx: 0, dy: -BESIDE },
  ]
}

/**
 * For each point a place for its name ({anchor, dx, dy}), or null where there is no room. `order`: indices, the most
 * important first. `always(i)`: names that stand in any case. `bounds`: {x, y, width, height} that they stay in.
 */
export function place_labels(points, texts, order, bounds, always = () => false) {
  const taken = points.map(([x, y]) => ({ x: x - POINT, y: y - POINT, width: 2 * POINT, height: 2 * POINT }))
  const within = (box) => box.x >= bounds.x && box.y >= bounds.y && box.x + box.width <= bounds.x + bounds.width && box.y + box.height <= bounds.y + bounds.height
  const placed = points.map(() => null)
  for (const i of order) {
    const all = places(points[i], texts[i])
    const free = all.find((box) => within(box) && !taken.some((other) => overlap(box, other)))
    const box = free ?? (always(i) ? (all.find(within) ?? all[0]) : null)
    if (!box) continue
    taken.push(box)
    placed[i] = { anchor: box.anchor, dx: box.dx, dy: box.dy }
  }
  return placed
}
