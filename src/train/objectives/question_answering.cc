// Question answering: where in a row that holds a question and a text the answer begins and ends (Devlin et al. 2019, 4.2).
#include <algorithm>
#include <cmath>

#include "train/objectives/logits_loss.h"

namespace malmoi::train {
namespace {

enum File { kIds, kMask, kStart, kEnd, kTypes };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                  {.name = "mask", .values = ArrayValues::kMask},
                                  {.name = "start", .axis = ArrayAxis::kRow, .values = ArrayValues::kPlaces},
                                  {.name = "end", .axis = ArrayAxis::kRow, .values = ArrayValues::kPlaces},
                                  {.name = "token_type_ids", .values = ArrayValues::kTokenTypes, .optional = true}};
constexpr size_t kBorders = 2;  // of an answer: targets and logits alternate between its beginning and its end
constexpr std::string_view kNames[kBorders] = {"start_loss", "end_loss"};

// The softmax is over all positions, padding too: rows are read whole.
void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  RealTokens whole = whole_row(row.integers[kMask]);
  out.input.add(whole.input(row.integers[kIds], row.integers[kMask], row.integers[kTypes]));
  const int32_t start = row.integers[kStart][0], end = row.integers[kEnd][0];
  const bool counts = start >= 0 && end >= 0;
  out.targets.insert(out.targets.end(), {counts ? start : -1, counts ? end : -1});
}

// Cross-entropy of one border of one row's positions; its gradient is of `share` times that.
double border_loss(std::span<const double> logits, size_t border, size_t target, double share,
                   std::span<double> gradient) {
  double largest = -INFINITY, sum = 0;
  for (size_t i = border; i < logits.size(); i += kBorders) largest = std::max(largest, logits[i]);
  for (size_t i = border; i < logits.size(); i += kBorders) sum += std::exp(logits[i] - largest);
  for (size_t i = border; i < logits.size(); i += kBorders) gradient[i] = share * std::exp(logits[i] - largest) / sum;
  const size_t at = target * kBorders + border;
  gradient[at] -= share;
  return largest + std::log(sum) - logits[at];
}

class QuestionAnswering final : public LogitsLoss {
 public:
  Counts count(const Examples& examples) const override {
    auto counted = std::count_if(examples.targets.begin(), examples.targets.end(), [](int32_t t) { return t >= 0; });
    return {.terms = counted / static_cast<int64_t>(kBorders), .tokens = examples.tokens()};
  }

  LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> logits,
                std::span<double> gradient) const override {
    const double rows = 1.0 / static_cast<double>(std::max<int64_t>(whole.terms, 1));
    LossSums sums{.figures = {{kNames[0]}, {kNames[1]}}};
    std::span<const autograd::Run> runs = examples.input.runs();
    for (size_t r = 0; r < runs.size(); ++r) {
      auto first = static_cast<size_t>(runs[r].begin) * kBorders, n = static_cast<size_t>(runs[r].length) * kBorders;
      for (size_t border = 0; border < kBorders; ++border) {
        const int32_t target = examples.targets[r * kBorders + border];
        if (target < 0) continue;
        sums.figures[border].value += rows * border_loss(logits.subspan(first, n), border, static_cast<size_t>(target),
                                                         rows / kBorders, gradient.subspan(first, n));
      }
    }
    sums.loss = (sums.figures[0].value + sums.figures[1].value) / kBorders;
    return sums;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.targets.insert(out.targets.end(), kBorders, 0);
    }
  }
};

}  // namespace

extern const ObjectiveEntry question_answering_objective{
    .name = "question_answering",
    .task = model::Task::kQuestionAnswering,
    .flat = false,
    .arrays = {.columns = kFiles, .append = append_row, .whole_rows = true},
    .read = [](ConfigReader&, ObjectiveConfig&) {},
    .make = [](const ObjectiveConfig&) -> std::unique_ptr<Objective> { return std::make_unique<QuestionAnswering>(); }};

}  // namespace malmoi::train
