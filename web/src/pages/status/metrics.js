// Prometheus text, and what can be said of two readings of it: rates, and latencies from histograms.

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** A reading: the samples {labels, value} of each name. */
export function parse_metrics(text) {
  const reading = new Map()
  for (const line of text.split('\n')) {
    const found = line.startsWith('#') ? null : line.match(LINE)
    if (!found) continue
    const [, name, labels = '', number] = found
    const value = number === '+Inf' ? Infinity : Number(number)
    if (Number.isNaN(value)) continue
    const read = Object.fromEntries([...labels.matchAll(LABEL)].map(([, key, inner]) => [key, inner.replace(/\\(["\\])/g, '$1')]))
    if (!reading.has(name)) reading.set(name, [])
    reading.get(name).push({ labels: read, value })
  }
  return reading
}

/** The sum over all labels (several models, say); null where the server tells no such number. */
export function total(reading, name) {
  const samples = reading?.get(name)
  return samples ? samples.reduce((sum, { value }) => sum + value, 0) : null
}

/** By how much a counter grew; null where it is not there, or began anew with the server. */
export function growth(before, after, name) {
  const [old, now] = [total(before, name), total(after, name)]
  return old === null || now === null || now < old ? null : now - old
}

/** The counts of a family by one label, such as responses by `code`. */
export function by_label(reading, name, label) {
  const counts = new Map()
  for (const { labels, value } of reading?.get(name) ?? []) counts.set(labels[label], (counts.get(labels[label]) ?? 0) + value)
  return counts
}

/** What a histogram counted between two readings (`before` may be null: since the server began): [[upper bound, count], ...], cumulative. */
export function buckets(before, after, name) {
  const sums = (reading) => by_label(reading, name + '_bucket', 'le')
  const old = before ? sums(before) : new Map()
  return [...sums(after)].map(([bound, count]) => [bound === '+Inf' ? Infinity : Number(bound), count - (old.get(bound) ?? 0)]).sort((a, b) => a[0] - b[0])
}

/** The value below which a share `q` of them lies, as Prometheus reckons it: even within a bucket. Null where none were counted. */
export function quantile(list, q) {
  const all = list.at(-1)?.[1] ?? 0
  if (!(all > 0)) return null
  const wanted = q * all
  const at = list.findIndex(([, count]) => count >= wanted)
  const [bound, count] = list[at]
  const [low, below] = at ? list[at - 1] : [0, 0]
  if (bound === Infinity) return low
  return count === below ? bound : low + ((bound - low) * (wanted - below)) / (count - below)
}

/** One point of each chart, from two readings `seconds` apart. */
export function point_of(before, after, seconds) {
  const rate = (name) => {
    const grown = growth(before, after, name)
    return grown === null ? null : grown / seconds
  }
  const first = buckets(before, after, 'malmoi_time_to_first_token_seconds')
  const between = buckets(before, after, 'malmoi_inter_token_latency_seconds')
  return {
    running: total(after, 'malmoi_num_requests_running'),
    waiting: total(after, 'malmoi_num_requests_waiting'),
    written: rate('malmoi_generation_tokens_total'),
    read: rate('malmoi_prompt_tokens_total'),
    first_half: quantile(first, 0.5),
    first_most: quantile(first, 0.95),
    between_half: quantile(between, 0.5),
    between_most: quantile(between, 0.95),
    memory: total(after, 'malmoi_kv_cache_bytes'),
  }
}

/** Responses that were errors, by status: {code, recent (since `before`), all (since the server began)}, the most recent first. */
export function errors_of(before, after) {
  const old = by_label(before, 'malmoi_http_responses_total', 'code')
  return [...by_label(after, 'malmoi_http_responses_total', 'code')]
    .filter(([code]) => Number(code) >= 400)
    .map(([code, all]) => ({ code, all, recent: Math.max(0, all - (old.get(code) ?? 0)) }))
    .sort((a, b) => b.recent - a.recent || a.code - b.code)
}
