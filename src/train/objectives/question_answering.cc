// Question answering: where in a row that holds a question and a text the answer begins and ends (Devlin et al. 2019, 4.2).
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/utf8.h"
#include "train/objectives/logits_loss.h"

namespace malmoi::train::question_answering {
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

enum Cell { kQuestion, kContext, kAnswers, kAnswerStart };
constexpr TableColumn kCells[] = {
    {.role = "question"}, {.role = "context"}, {.role = "answers"}, {.role = "answer_start", .optional = true}};

// What is to be found in the context: code points [begin, end); without an answer both are zero.
struct Answer {
  size_t begin = 0, end = 0;
};

// The first of a list, or the value itself; null: an empty list.
const Json* first_of(const Json* value) {
  if (!value || !value->is_array()) return value;
  return value->empty() ? nullptr : &(*value)[0];
}

// A text, a list of texts, or SQuAD's {"text": [...], "answer_start": [...]}, where empty lists mean that there is no answer.
Result<Answer> find_answer(const TableCells& row, const std::string& context) {
  const Json *said = row.find(kAnswers), *start = row.find(kAnswerStart);
  if (said && said->is_object() && said->contains("answer_start")) start = &(*said)["answer_start"];
  MALMOI_ASSIGN(std::vector<std::string> answers, cell_answers(said, row.where));
  if (answers.empty()) return Answer{};
  const std::string& answer = answers[0];
  size_t at = context.find(answer);
  if (first_of(start)) {
    MALMOI_ASSIGN(double place, cell_number(first_of(start), "answer_start", row.where));
    const bool within = place >= 0 && place <= static_cast<double>(context.size());
    at = within ? byte_of_code_point(context, static_cast<size_t>(place)) : context.npos;
    if (at > context.size() || context.compare(at, answer.size(), answer) != 0) at = context.npos;
  }
  if (at == context.npos)
    return invalid_data("the context does not hold the answer '" + answer + "' there", std::string(row.where),
                        "count answer_start in characters, or leave it out");
  const size_t begin = count_code_points(std::string_view(context).substr(0, at));
  return Answer{begin, begin + count_code_points(answer)};
}

Result<EncodedRow> encode(const TableCells& row, const RowEncoding& rules) {
  MALMOI_ASSIGN(std::string question, cell_text(row.find(kQuestion), "question", row.where));
  MALMOI_ASSIGN(std::string context, cell_text(row.find(kContext), "context", row.where));
  MALMOI_ASSIGN(Answer answer, find_answer(row, context));
  EncodedText text = encode_text(question, &context, rules.tokenizer, rules.max_length);
  // Without an answer, or where it was cut away, both point at the first token, as in SQuAD 2 (Devlin et al. 2019, 4.3).
  int32_t start = 0, end = 0;
  bool found = false;
  for (size_t i = 0; i < text.places.size(); ++i) {
    const EncodedText::Place& place = text.places[i];
    if (place.text != 1 || place.end <= answer.begin || place.begin >= answer.end) continue;
    if (!std::exchange(found, true)) start = static_cast<int32_t>(i);
    end = static_cast<int32_t>(i);
  }
  std::vector<int32_t> mask = text.mask();
  return EncodedRow{.integers = {std::move(text.ids), std::move(mask), {start}, {end}, std::move(text.type_ids)},
                    .cut = text.cut};
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

extern const ObjectiveEntry objective{
    .name = "question_answering",
    .task = model::Task::kQuestionAnswering,
    .flat = false,
    .arrays = {.columns = kFiles, .append = append_row, .whole_rows = true},
    .table = {kCells, encode},
    .read = [](ConfigReader&, ObjectiveConfig&) {},
    .make = [](const ObjectiveConfig&, const FrozenModel&) -> std::unique_ptr<Objective> {
      return std::make_unique<QuestionAnswering>();
    }};

}  // namespace malmoi::train::question_answering
