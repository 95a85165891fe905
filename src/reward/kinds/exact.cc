// exact: the answer is the wanted one, but for what does not count.
#include <algorithm>

#include "reward/answer_text.h"
#include "reward/row_reward.h"

namespace malmoi::reward::exact {
namespace {

class Exact final : public RowReward {
 public:
  explicit Exact(ConfigReader& reader)
      : column_(reader.text("column", "answer")),
        part_(read_answer_part(reader, AnswerPart::kWhole)),
        comparison_(read_comparison(reader)) {}

  Status check_row(const Json& row) const override {
    MALMOI_TRY(column_texts(row, column_));
    return {};
  }

 protected:
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    const auto wanted = column_texts(input.row, column_);
    if (!wanted.ok()) return failed_judgement(wanted.error().to_string());
    const auto answer = answer_part(input.completion, part_);
    if (!answer) return Judgement{.reward = 0};
    const std::string compared = compared_text(*answer, comparison_);
    const bool same = std::ranges::any_of(
        *wanted, [&](const std::string& text) { return compared_text(text, comparison_) == compared; });
    return Judgement{.reward = same ? 1.0 : 0.0};
  }

 private:
  std::string column_;
  AnswerPart part_;
  Comparison comparison_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "exact",
    .summary = "1 where the answer is the text of a column, or one of its texts",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<Exact>(reader); }};

}  // namespace malmoi::reward::exact
