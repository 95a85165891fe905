// Which of the figures that an objective tells by name stand in one chart: training and what is held out (valid_...), and the two
// sides of a thing (chosen_ and rejected_...); and what they are called. Charts come in the order of their words. The report of a run
// (src/app/report/) has this file within its page, so it imports nothing.

export const figure_words = {
  ko: {
    figure_reward: '보상',
    'figure_reward:part': '보상: {name}',
    'figure_reward:failed': '판정하지 못한 답변 수: {name}',
    figure_reward_std: '그룹 안 보상의 표준편차',
    figure_zero_variance: '보상이 모두 같은 그룹의 비율',
    figure_accuracy: '정확도',
    figure_f1: 'F1',
    figure_spearman: '스피어만 상관계수',
    figure_bleu: 'BLEU',
    figure_bleu_char: '글자 단위 BLEU',
    figure_chrf: 'chrF',
    figure_margin: '보상 차이 (선택 − 거부)',
    figure_chosen_rejected_rewards: '답변의 보상',
    figure_chosen_rejected_logps: '답변의 로그 확률',
    figure_nll: '선택된 답변의 음의 로그 우도',
    figure_kl: 'KL 발산',
    figure_mean_kl: '참조 모델과의 KL 발산',
    figure_ce: '교차 엔트로피',
    figure_clipped: '클리핑에 걸린 토큰의 비율',
    figure_answer_tokens: '답변의 토큰 수',
    figure_truncated: '길이 제한에 잘린 답변의 비율',
    figure_on_policy: '모델이 직접 쓴 답변의 비율',
    figure_rollout_tokens: '한 스텝에 쓴 답변의 전체 토큰 수',
    figure_rollout_seconds: '한 스텝의 답변을 쓰는 데 걸린 시간 (초)',
    figure_start_end_loss: '답변 경계의 손실',
    figure_generator_loss: '생성기의 손실',
    figure_discriminator_loss: '판별기의 손실',
    figure_router_balance: '전문가 균형 (손실)',
    side_chosen: '선택',
    side_rejected: '거부',
    side_start: '시작',
    side_end: '끝',
  },
  en: {
    figure_reward: 'Reward',
    'figure_reward:part': 'Reward: {name}',
    'figure_reward:failed': 'Judgements that failed: {name}',
    figure_reward_std: 'Spread of rewards within a group',
    figure_zero_variance: 'Share of groups whose rewards are all equal',
    figure_accuracy: 'Accuracy',
    figure_f1: 'F1',
    figure_spearman: 'Spearman correlation',
    figure_bleu: 'BLEU',
    figure_bleu_char: 'BLEU by characters',
    figure_chrf: 'chrF',
    figure_margin: 'Margin of rewards (chosen minus rejected)',
    figure_chosen_rejected_rewards: 'Rewards of answers',
    figure_chosen_rejected_logps: 'Log-probabilities of answers',
    figure_nll: 'Negative log-likelihood of chosen answers',
    figure_kl: 'KL divergence',
    figure_mean_kl: 'KL divergence from the reference model',
    figure_ce: 'Cross-entropy',
    figure_clipped: 'Share of tokens that clipping held back',
    figure_answer_tokens: 'Tokens of an answer',
    figure_truncated: 'Share of truncated answers',
    figure_on_policy: 'Share of answers that the model wrote itself',
    figure_rollout_tokens: 'Tokens of all answers of a step',
    figure_rollout_seconds: 'Seconds to write the answers of a step',
    figure_start_end_loss: "Loss of the answer's borders",
    figure_generator_loss: 'Loss of the generator',
    figure_discriminator_loss: 'Loss of the discriminator',
    figure_router_balance: 'Balance of experts (loss)',
    side_chosen: 'chosen',
    side_rejected: 'rejected',
    side_start: 'start',
    side_end: 'end',
  },
}
export const known = Object.keys(figure_words.en).filter((key) => key.startsWith('figure_')).map((key) => key.slice('figure_'.length))
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
