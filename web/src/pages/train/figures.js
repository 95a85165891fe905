// Which of the figures that an objective tells by name stand in one chart: training and what is held out (valid_...), and the two
// sides of a thing (chosen_ and rejected_...). Charts come in the order of `known`; their words are figure_NAME.

export const known = [
  'reward', 'reward:part', 'reward:failed', 'reward_std', 'zero_variance', 'accuracy', 'f1', 'spearman', 'bleu', 'bleu_char', 'chrf', 'margin',
  'chosen_rejected_rewards', 'chosen_rejected_logps', 'nll', 'kl', 'mean_kl', 'ce', 'clipped', 'answer_tokens', 'truncated', 'start_end_loss',
  'generator_loss', 'discriminator_loss', 'router_balance',
]
const pairs = [['chosen', 'rejected'], ['start', 'end']] // the latter of known names alone

// {chart, side: '' or which of two}
function place_of(name) {
  for (const pair of pairs) {
    const side = pair.find((one) => name.startsWith(one + '_'))
    if (!side) continue
    const chart = pair.join('_') + name.slice(side.length)
    if (pair === pairs[0] || known.includes(chart)) return { chart, side }
  }
  return { chart: name, side: '' }
}

// The word of a chart, and what is filled into it: of rewards the name of the part.
function word_of(name, { chart, side }) {
  const [, part, failed] = known.includes(name) ? [] : (/^reward_(.+?)(_failed)?$/.exec(name) ?? [])
  if (part) return { word: failed ? 'reward:failed' : 'reward:part', name: part }
  return { word: known.includes(chart) ? chart : '', name: side ? name.slice(side.length + 1) : name }
}

/**
 * The charts of figures of these names: [{chart, word, name, lines: [{figure, valid, side, second}]}]. `word` is that of a known chart,
 * into which `name` is filled; where it is '', `name` is all there is to say.
 */
export function figure_charts(names) {
  const charts = new Map()
  for (const figure of names) {
    const valid = figure.startsWith('valid_')
    const name = valid ? figure.slice('valid_'.length) : figure
    const place = place_of(name)
    const word = word_of(name, place)
    if (!charts.has(place.chart)) charts.set(place.chart, { chart: place.chart, ...word, lines: [] })
    charts.get(place.chart).lines.push({ figure, valid, side: place.side, second: pairs.some(([, second]) => second === place.side) })
  }
  const rank = ({ word }) => (known.includes(word) ? known.indexOf(word) : known.length)
  for (const { lines } of charts.values()) lines.sort((a, b) => a.second - b.second || a.valid - b.valid)
  return [...charts.values()].sort((a, b) => rank(a) - rank(b))
}
