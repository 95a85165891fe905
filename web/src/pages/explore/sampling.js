// What the server's samplers make of the most probable next tokens: temperature, top-k, top-p, min-p, in the order of
// docs/generation.md. A list has the first hundred tokens of a vocabulary; what is not listed is one number, the tail.

/** Options under which a draw is the model's own distribution. */
export const OFF = { temperature: 1, top_k: 0, top_p: 1, min_p: 0 }

const clamp = (value, low, high, otherwise) => (Number.isFinite(value) ? Math.min(Math.max(value, low), high) : otherwise)

/** Options as they may be: what was typed may be empty, or out of bounds. */
export function cleaned({ temperature, top_k, top_p, min_p }) {
  return {
    temperature: clamp(temperature, 0, 100, OFF.temperature),
    top_k: Math.round(clamp(top_k, 0, 1e9, OFF.top_k)),
    top_p: clamp(top_p, 0, 1, OFF.top_p),
    min_p: clamp(min_p, 0, 1, OFF.min_p),
  }
}

// What a vocabulary is taken to hold where the tail is only estimated; most have 30,000 to 250,000 entries.
const VOCABULARY = 100000
// Rounding of float logits leaves about so much where every token of a small vocabulary is listed.
const NO_TAIL = 1e-6

/** The probability of everything that is not listed. */
export function tail_mass(logprobs) {
  const rest = 1 - logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0)
  return rest > NO_TAIL ? rest : 0
}

/**
 * The weight of the tail at a temperature, where the largest weight is 1. Exact at 1; elsewhere the tail is taken to fall as
 * a power of the rank, w(r) = w(n) (r / n)^-a, with the a that gives the mass it has at temperature 1.
 */
export function tail_weight(logprobs, temperature) {
  const mass = tail_mass(logprobs)
  if (mass === 0 || temperature === 0) return 0
  const best = logprobs[0]
  if (temperature === 1) return mass / Math.exp(best)
  const n = logprobs.length
  const last = logprobs[n - 1]
  const slope = (1 + (n * Math.exp(last)) / mass) / temperature
  const end = VOCABULARY / n
  const area = Math.abs(slope - 1) < 1e-9 ? Math.log(end) : (1 - end ** (1 - slope)) / (slope - 1)
  return n * Math.exp((last - best) / temperature) * area
}

/** The weight of the tail by the chance that the server told of the best token: sum of weights = 1 / chance. */
export function tail_from_chance(logprobs, temperature, chance) {
  const listed = logprobs.reduce((sum, logprob) => sum + Math.exp((logprob - logprobs[0]) / temperature), 0)
  return Math.max(0, 1 / chance - listed)
}

/**
 * `logprobs`: the model's, the largest first. Gives, for each, its `chances` and the sampler that `cuts` it ('' where it
 * stays); `kept`, how many of the listed stay; `tail`, the chance of all that are not listed; `exact`: whether the tail had
 * no say, or its weight is known.
 */
export function sample(logprobs, options, known_tail = null) {
  const { temperature, top_k, top_p, min_p } = cleaned({ ...OFF, ...options })
  const n = logprobs.length
  const cuts = new Array(n).fill('')
  if (n === 0) return { chances: [], cuts, kept: 0, tail: 0, exact: true }
  const weights = logprobs.map((logprob) => Math.exp((logprob - logprobs[0]) / (temperature || 1)))
  let tail = known_tail ?? tail_weight(logprobs, temperature)
  const sure = tail === 0 || temperature === 1 || known_tail !== null // of the weight of the tail
  let exact = sure
  let kept = n
  const keep = (count, name) => {
    if (count >= kept) return
    cuts.fill(name, count, kept)
    kept = count
  }
  const total = () => weights.slice(0, kept).reduce((sum, weight) => sum + weight, 0)

  if (temperature === 0) keep(1, 'temperature')
  if (top_k > 0) keep(top_k, 'top_k')
  if (temperature === 0 || (top_k > 0 && top_k <= n)) {
    tail = 0
    exact = true
  } else if (top_k > n && tail > 0) {
    exact = false
  }
  if (top_p < 1) {
    const target = top_p * (total() + tail)
    let count = 0
    let sum = 0
    for (; count < kept && sum < target; ++count) sum += weights[count]
    const reached = sum >= target
    if (reached) keep(Math.max(1, count), 'top_p')
    else exact = false // the cut is somewhere in the tail
    tail = reached ? 0 : target - sum
  }
  if (min_p > 0) {
    const least = min_p * weights[0]
    const count = weights.findIndex((weight) => weight < least)
    if (count >= 0) {
      keep(Math.max(1, count), 'min_p')
      tail = 0
      // It cuts before the tail whatever that weighs; where top-p cuts may have been a guess.
      exact = exact || top_p === 1 || sure
    } else if (tail > 0) {
      exact = false
    }
  }
  const sum = total() + tail
  return { chances: weights.map((weight, i) => (i < kept ? weight / sum : 0)), cuts, kept, tail: tail / sum, exact }
}

/** Shannon's entropy in bits. */
export function entropy(probabilities) {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0)
}

/**
 * Entropy of listed chances and a tail, in bits; the tail's tokens are each no more probable than the last listed one, so
 * that this is the least it can be: {bits, choices (2^bits), at_least}.
 */
export function uncertainty(chances, tail) {
  const last = chances.findLast((chance) => chance > 0) ?? 1
  const bits = entropy(chances) + (tail > 0 ? -tail * Math.log2(Math.min(last, tail)) : 0)
  return { bits, choices: 2 ** bits, at_least: tail > 0 }
}

/** The index of the first token whose cumulative chance is above `uniform` (in [0, 1)); -1: a token of the tail. */
export function draw(chances, uniform) {
  let sum = 0
  let last = -1
  for (let i = 0; i < chances.length; ++i) {
    if (chances[i] === 0) continue
    sum += chances[i]
    last = i
    if (sum > uniform) return i
  }
  // Rounding: the sum of all may end a little below 1.
  return 1 - sum < 1e-9 ? last : -1
}
