// number: the last number of the answer, or the one that it marks, is the wanted one.
#include <algorithm>
#include <cmath>

#include "reward/answer_text.h"
#include "reward/numbers.h"
#include "reward/row_reward.h"

namespace malmoi::reward::number {
namespace {

class Number final : public RowReward {
 public:
  explicit Number(ConfigReader& reader)
      : column_(reader.text("column", "answer")),
        take_(reader.choice("take", {"last", "marked", "marked_or_last"}, 2)),
        tolerance_(reader.number("tolerance", 1e-6, 0)),
        relative_(reader.number("relative_tolerance", 0, 0)) {}

  Status check_row(const Json& row) const override {
    MALMOI_TRY(target(row));
    return {};
  }

 protected:
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    const auto wanted = target(input.row);
    if (!wanted.ok()) return failed_judgement(wanted.error().to_string());
    const std::optional<double> said = number_of(input.completion);
    const double allowed = std::max(tolerance_, relative_ * std::abs(*wanted));
    return Judgement{.reward = said && std::abs(*said - *wanted) <= allowed ? 1.0 : 0.0};
  }

 private:
  enum Take : size_t { kLast, kMarked, kMarkedOrLast };

  std::optional<double> number_of(std::string_view completion) const {
    if (take_ != kLast) {
      if (auto marked = marked_answer(completion)) return whole_number(*marked);
      if (take_ == kMarked) return {};
    }
    return last_number(completion);
  }

  // A number, or a text with one: of GSM8K's answers what stands behind ####.
  Result<double> target(const Json& row) const {
    MALMOI_ASSIGN(const Json* value, column_value(row, column_));
    if (value->is_number()) return value->get<double>();
    MALMOI_ASSIGN(std::string text, column_text(row, column_));
    const auto marked = marked_answer(text);
    if (auto number = whole_number(marked.value_or(text))) return *number;
    return invalid_data("the row's column '" + column_ + "' holds no number", "", "name another column");
  }

  std::string column_;
  size_t take_;
  double tolerance_, relative_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "number",
    .summary = "1 where the answer's number is that of a column",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<Number>(reader); }};

}  // namespace malmoi::reward::number
