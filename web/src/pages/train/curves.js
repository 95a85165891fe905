// Curves of training as the server tells them: lists of [step, tokens, seconds, value], of which value may be null.

/** The place of each number in a point that a curve may be drawn over. */
export const axes = { steps: 0, tokens: 1, seconds: 2 }
const VALUE = 3
// Of one curve in the page: twice what the server sends, since more come one by one.
export const most_points = 4000

/** Every second pair of neighbours loses what lies between its lowest and highest, so that extremes stay. */
function halved(points) {
  const kept = []
  for (let i = 0; i < points.length; i += 4) {
    const four = points.slice(i, i + 4)
    const finite = four.filter((point) => point[VALUE] !== null)
    const chosen = new Set(four.filter((point) => point[VALUE] === null).slice(0, 1))
    if (finite.length) {
      chosen.add(finite.reduce((a, b) => (b[VALUE] < a[VALUE] ? b : a)))
      chosen.add(finite.reduce((a, b) => (b[VALUE] > a[VALUE] ? b : a)))
    }
    kept.push(...four.filter((point) => chosen.has(point)))
  }
  return kept
}

/** The curves of a run with what an event adds: {NAME: points}. Steps that are known already are passed over. */
export function with_points(curves, { series, whole = false }) {
  const next = whole ? {} : { ...curves }
  for (const [name, { points }] of Object.entries(series)) {
    const known = next[name] ?? []
    const last = known.length ? known[known.length - 1][0] : -1
    const fresh = points.filter((point) => point[0] > last)
    const all = fresh.length ? [...known, ...fresh] : known
    next[name] = all.length > most_points ? halved(all) : all
  }
  return next
}

/** The samples of a run with those that an event adds, each step's prompts once, in the order of the steps. */
export function with_samples(samples, { samples: more, whole = false }) {
  const kept = whole ? [] : samples
  const known = new Set(kept.map(({ step, prompt }) => step + ' ' + prompt))
  return [...kept, ...more.filter(({ step, prompt }) => !known.has(step + ' ' + prompt))].sort((a, b) => a.step - b.step)
}

/** Samples as [{step, texts}], the newest step first. */
export function by_step(samples) {
  const steps = new Map()
  for (const sample of samples) steps.set(sample.step, [...(steps.get(sample.step) ?? []), sample])
  return [...steps].map(([step, texts]) => ({ step, texts })).reverse()
}

/** [[x, y], ...] over one of the axes; y is null where nothing is drawn. Steps are counted as done: from 1. */
export function over(points, axis) {
  const place = axes[axis]
  return points.map((point) => [place === 0 ? point[0] + 1 : point[place], point[VALUE]])
}

/** The exponential moving average with `weight` (0 to 1) of what came before, corrected for its beginning (Kingma & Ba 2015). */
export function smoothed(line, weight) {
  if (!(weight > 0)) return line
  let sum = 0
  let mass = 0
  return line.map(([x, y]) => {
    if (y === null) return [x, null]
    sum = weight * sum + (1 - weight) * y
    mass = weight * mass + (1 - weight)
    return [x, sum / mass]
  })
}

/** The lowest and the highest of what can be drawn; null: nothing can. */
export function extent(values, log = false) {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return low <= high ? [low, high] : null
}

/** A scale from values to pixels, with its marks: {at(value), value_at(pixel), ticks}. `at` is null of what it cannot show. */
export function new_scale([low, high], [from, to], { log = false, count = 5 } = {}) {
  const forward = log ? Math.log10 : (v) => v
  let a = forward(low)
  let b = forward(high)
  if (a === b) {
    const room = Math.abs(a) / 10 || 1
    a -= room
    b += room
  }
  const at = (value) => (value === null || (log && value <= 0) ? null : from + ((forward(value) - a) / (b - a)) * (to - from))
  const back = (pixel) => a + ((pixel - from) / (to - from)) * (b - a)
  const value_at = (pixel) => (log ? 10 ** back(pixel) : back(pixel))
  return { at, value_at, ticks: log ? log_ticks(10 ** a, 10 ** b, count) : ticks(a, b, count) }
}

/** About `count` round numbers between two. */
export function ticks(low, high, count) {
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999)
  const list = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) list.push(Number((i * step).toPrecision(12)))
  return list
}

/** Powers of ten between two, with 2 and 5 times them where there are few; round numbers where there are none. */
export function log_ticks(low, high, count) {
  const first = Math.floor(Math.log10(low))
  const last = Math.ceil(Math.log10(high))
  const factors = last - first <= count / 2 ? [1, 2, 5] : [1]
  const stride = Math.max(1, Math.ceil((last - first) / (2 * count)))
  const list = []
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(12))
      if (value >= low * 0.9999 && value <= high * 1.0001) list.push(value)
    }
  }
  return list.length >= 2 ? list : ticks(low, high, count)
}

/** What an SVG path draws of a line; it is broken where a value cannot be shown. */
export function path_of(line, x, y) {
  let text = ''
  let broken = true
  for (const [a, b] of line) {
    const left = x.at(a)
    const top = y.at(b)
    if (left === null || top === null) {
      broken = true
      continue
    }
    text += (broken ? 'M' : 'L') + left.toFixed(1) + ' ' + top.toFixed(1)
    broken = false
  }
  return text
}

/** The point of a line whose x is nearest; null of an empty one. */
export function nearest(line, x) {
  if (!line.length) return null
  let low = 0
  let high = line.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (line[middle][0] < x) low = middle + 1
    else high = middle
  }
  const before = line[low - 1]
  return before && x - before[0] < line[low][0] - x ? before : line[low]
}

/** 1234567 as 1.23M; small numbers with as many digits as mean something. */
export function short_number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  for (const [unit, sign] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
    if (size >= unit) return trimmed((value / unit).toPrecision(3)) + sign
  }
  if (size !== 0 && size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, 'e')
  return trimmed(value.toPrecision(4))
}
const trimmed = (text) => (text.includes('e') ? String(Number(text)) : text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/** Seconds as 45 s, 3:20 or 2:05:09. */
export function clock(seconds) {
  if (seconds < 60) return trimmed(seconds.toPrecision(3)) + ' s'
  const whole = Math.round(seconds)
  const two = (n) => String(n).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}
