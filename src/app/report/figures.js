// What the report says of the figures that an objective tells by name, and how they changed. What they are called and which stand in
// one chart stands before it in the page: web/src/pages/train/figures.js, which the server's page has, too.
const chartTitle = ({ word, name }) => word ? figure_words[language]["figure_" + word].replace("{name}", () => name) : name;
const sideTitle = side => figure_words[language]["side_" + side];
const figureTitle = name => {
  const [chart] = figure_charts([name]), { side } = chart.lines[0];
  return chartTitle(chart) + (side ? " (" + sideTitle(side) + ")" : "");
};
const bareName = name => name.startsWith("valid_") ? name.slice("valid_".length) : name;

function figureCharts(figures, steps, before) {
  const byName = new Map(figures.map(figure => [figure.name, figure]));
  const lineOf = ({ figure, valid, side, second }) => {
    const { value, step } = byName.get(figure), kind = () => t(valid ? "valid" : "train");
    return { name: side ? () => sideTitle(side) + " · " + kind() : kind, steps: step ?? steps, values: value,
      color: (side ? second : valid) ? "--b" : "--a", noisy: !valid && !step, dashed: valid && side !== "", dots: Boolean(step),
      before: before[figure] };
  };
  return figure_charts([...byName.keys()]).map(chart => ({ title: () => chartTitle(chart), lines: chart.lines.map(lineOf) }));
}

// The figures of an evaluation in the order of the charts, loss first.
const byRank = names => figure_charts(names).flatMap(({ lines }) => lines.map(({ figure }) => figure))
  .sort((a, b) => (b === "valid_loss") - (a === "valid_loss"));
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
