// Regression: a number for each text, learned by the square of what it is off.
#include "train/objectives/logits_loss.h"

namespace malmoi::train::regression {
namespace {

enum File { kIds, kMask, kTargets, kTypes };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                  {.name = "mask", .values = ArrayValues::kMask},
                                  {.name = "targets", .axis = ArrayAxis::kRow, .values = ArrayValues::kNumbers},
                                  {.name = "token_type_ids", .values = ArrayValues::kTokenTypes, .optional = true}};

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  RealTokens real = real_tokens(row.integers[kMask]);
  out.input.add(real.input(row.integers[kIds], row.integers[kMask], row.integers[kTypes]));
  out.numbers.push_back(row.numbers[kTargets][0]);
}

enum Cell { kText, kPair, kNumber };
constexpr TableColumn kCells[] = {{.role = "text"}, {.role = "text_pair", .optional = true}, {.role = "target"}};

Result<EncodedRow> encode(const TableCells& row, const RowEncoding& rules) {
  MALMOI_ASSIGN(CellTexts texts, cell_texts(row.find(kText), row.find(kPair), row.where));
  MALMOI_ASSIGN(double number, cell_number(row.find(kNumber), "target", row.where));
  EncodedText encoded = encode_text(texts.first, texts.pair(), rules.tokenizer, rules.max_length);
  std::vector<int32_t> mask = encoded.mask();
  return EncodedRow{.integers = {std::move(encoded.ids), std::move(mask), {}, std::move(encoded.type_ids)},
                    .numbers = {{}, {}, {static_cast<float>(number)}},
                    .cut = encoded.cut};
}

class Regression final : public LogitsLoss {
 public:
  Counts count(const Examples& examples) const override {
    return {.terms = static_cast<int64_t>(examples.numbers.size()), .tokens = examples.tokens()};
  }

  LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> logits,
                std::span<double> gradient) const override {
    const double share = 1.0 / static_cast<double>(whole.terms);
    LossSums sums;
    for (size_t r = 0; r < logits.size(); ++r) {
      const double off = logits[r] - static_cast<double>(examples.numbers[r]);
      sums.loss += share * off * off;
      gradient[r] = share * 2 * off;
    }
    return sums;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.numbers.push_back(0);
    }
  }
};

}  // namespace

extern const ObjectiveEntry objective{
    .name = "regression",
    .task = model::Task::kRegression,
    .flat = false,
    .arrays = {kFiles, append_row},
    .table = {kCells, encode},
    .read = [](ConfigReader&, ObjectiveConfig&) {},
    .make = [](const ObjectiveConfig&, const FrozenModel&) -> std::unique_ptr<Objective> {
      return std::make_unique<Regression>();
    }};

}  // namespace malmoi::train::regression
