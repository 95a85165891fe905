// What the report says of the figures that an objective tells by name: what they are called, which stand in one chart, and how they
// changed. Charts come in the order of these names.
const figureNames = {
  en: { reward: "Reward", "reward:part": "Reward: {}", "reward:failed": "Judgements that failed: {}", reward_std: "Spread of rewards within a group",
    zero_variance: "Share of groups whose rewards are all equal", accuracy: "Accuracy", f1: "F1", spearman: "Spearman correlation",
    bleu: "BLEU", bleu_char: "BLEU by characters", chrf: "chrF", margin: "Margin of rewards (chosen minus rejected)",
    chosen_rejected_rewards: "Rewards of answers", chosen_rejected_logps: "Log-probabilities of answers",
    nll: "Negative log-likelihood of chosen answers", kl: "KL divergence", mean_kl: "KL divergence from the reference model",
    ce: "Cross-entropy", clipped: "Share of tokens that clipping held back", answer_tokens: "Tokens of an answer",
    truncated: "Share of truncated answers", start_end_loss: "Loss of the answer's borders", generator_loss: "Loss of the generator",
    discriminator_loss: "Loss of the discriminator", router_balance: "Balance of experts (loss)",
    chosen: "chosen", rejected: "rejected", start: "start", end: "end" },
  ko: { reward: "보상", "reward:part": "보상: {}", "reward:failed": "판정하지 못한 답변 수: {}", reward_std: "그룹 안 보상의 표준편차",
    zero_variance: "보상이 모두 같은 그룹의 비율", accuracy: "정확도", f1: "F1", spearman: "스피어만 상관계수",
    bleu: "BLEU", bleu_char: "글자 단위 BLEU", chrf: "chrF", margin: "보상 차이 (선택 − 거부)",
    chosen_rejected_rewards: "답변의 보상", chosen_rejected_logps: "답변의 로그 확률",
    nll: "선택된 답변의 음의 로그 우도", kl: "KL 발산", mean_kl: "참조 모델과의 KL 발산",
    ce: "교차 엔트로피", clipped: "클리핑에 걸린 토큰의 비율", answer_tokens: "답변의 토큰 수",
    truncated: "길이 제한에 잘린 답변의 비율", start_end_loss: "답변 경계의 손실", generator_loss: "생성기의 손실",
    discriminator_loss: "판별기의 손실", router_balance: "전문가 균형 (손실)",
    chosen: "선택", rejected: "거부", start: "시작", end: "끝" } };
const figureOrder = Object.keys(figureNames.en);
const figureSides = [["chosen", "rejected"], ["start", "end"]];  // the latter of known names alone
const ofFigure = key => Object.hasOwn(figureNames[language], key) ? figureNames[language][key] : undefined;

const isHeldOut = name => name.startsWith("valid_");
const bareName = name => isHeldOut(name) ? name.slice("valid_".length) : name;
// {chart: the key of its chart, side: "" or which of two that stand together, second}
function placeOf(name) {
  for (const pair of figureSides) {
    const side = pair.find(one => name.startsWith(one + "_")), chart = pair.join("_") + name.slice(side?.length);
    if (side && (side !== "end" && side !== "start" || figureOrder.includes(chart))) return { chart, side, second: side === pair[1] };
  }
  return { chart: name, side: "", second: false };
}
const rewardOf = name => {
  const [, part, failed] = /^reward_(.+?)(_failed)?$/.exec(name) ?? [];
  return part && !figureOrder.includes(name) ? { key: failed ? "reward:failed" : "reward:part", part } : null;
};
function chartTitle(name) {
  const { chart, side } = placeOf(name), reward = rewardOf(name);
  if (reward) return ofFigure(reward.key).replace("{}", () => reward.part);
  return ofFigure(chart) ?? (side ? name.slice(side.length + 1) : name);
}
const figureTitle = name => {
  const { side } = placeOf(name);
  return chartTitle(name) + (side ? " (" + ofFigure(side) + ")" : "");
};
function rankOf(name) {
  const at = figureOrder.indexOf(rewardOf(name)?.key ?? placeOf(name).chart);
  return at < 0 ? figureOrder.length : at;
}

// Training and what is held out of one figure stand in one chart, and so do the two sides of a thing.
function figureCharts(figures, steps, before) {
  const charts = new Map();
  for (const { name, value, step } of figures) {
    const bare = bareName(name), valid = isHeldOut(name), { chart, side, second } = placeOf(bare);
    if (!charts.has(chart)) charts.set(chart, { title: () => chartTitle(bare), rank: rankOf(bare), lines: [] });
    const kind = () => t(valid ? "valid" : "train");
    charts.get(chart).lines.push({
      name: side ? () => ofFigure(side) + " · " + kind() : kind, steps: step ?? steps, values: value,
      color: (side ? second : valid) ? "--b" : "--a", noisy: !valid && !step, dashed: valid && side !== "", dots: Boolean(step),
      before: before[name], order: 2 * valid + second });
  }
  for (const chart of charts.values()) chart.lines.sort((a, b) => a.order - b.order);
  return [...charts.values()].sort((a, b) => a.rank - b.rank);
}

// The figures of an evaluation in the order of the charts, loss first.
const byRank = names => names.sort((a, b) => (b === "valid_loss") - (a === "valid_loss") || rankOf(bareName(a)) - rankOf(bareName(b)));
const heldOutTitle = name => name === "valid_loss" ? t("loss") : figureTitle(bareName(name));
const heldOutText = (name, v) => !isNumber(v) ? "–" : name.endsWith("_loss") ? v.toFixed(4) : String(+v.toPrecision(4));
const changeText = (name, from, to) => {
  if (!isNumber(from) || !isNumber(to)) return "";
  const change = to - from;
  return (change > 0 ? "+" : change < 0 ? "−" : "") + heldOutText(name, Math.abs(change));
};

// Rows of [title, before, best, last, change]; what the best step gave alone where it was the last.
function comparisonTable({ before, best, last }) {
  const after = [["best_at", best], ["last_at", last]].filter(([, e]) => e);
  if (best && last && best.step === last.step) after.pop();
  const table = make("table", { class: "numbers" }), head = make("tr");
  head.append(make("td"), ...[t("before"), ...after.map(([key, e]) => t(key).replace("{n}", e.step.toLocaleString(language))), t("change")].map(text => make("th", {}, text)));
  const known = after.length ? after[0][1].figures : {};
  const names = byRank([...new Set([before, ...after.map(([, e]) => e)].flatMap(e => Object.keys(e.figures)))]);
  const number = e => name => heldOutText(name, e.figures[name]);
  const columns = [number(before), ...after.map(([, e]) => number(e)), name => changeText(name, before.figures[name], known[name])];
  const row = name => {
    const tr = make("tr");
    tr.append(make("td", {}, heldOutTitle(name)), ...columns.map(column => make("td", {}, column(name))));
    return tr;
  };
  table.append(head, ...names.map(row));
  return table;
}

// Of what an evaluation scored, the first few that say most: [[name, before, after]].
const tileScores = ["reward", "accuracy", "f1", "spearman", "chrf", "margin"];
function scoresBeforeAndAfter({ before, best, last }) {
  const after = best ?? last;
  if (!before || !after) return [];
  const both = name => isNumber(before.figures[name]) && isNumber(after.figures[name]);
  return tileScores.map(name => "valid_" + name).filter(both).slice(0, 2).map(name => [name, before.figures[name], after.figures[name]]);
}
