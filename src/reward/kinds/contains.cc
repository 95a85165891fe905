// contains: texts that an answer shall have in it, or shall not.
#include "reward/answer_text.h"
#include "reward/row_reward.h"

namespace malmoi::reward::contains {
namespace {

class Contains final : public RowReward {
 public:
  explicit Contains(ConfigReader& reader)
      : texts_(reader.texts("texts")),
        column_(reader.text("column", texts_.empty() ? "answer" : "")),
        wanted_(reader.boolean("wanted", true)),
        share_(reader.boolean("share", false)),
        comparison_(read_comparison(reader)) {
    if (!texts_.empty() && !column_.empty()) reader.fail("column", "stands beside texts", "keep one of them");
  }

  Status check_row(const Json& row) const override {
    if (!column_.empty()) MALMOI_TRY(column_texts(row, column_));
    return {};
  }

 protected:
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    std::vector<std::string> texts = texts_;
    if (!column_.empty()) {
      auto of_row = column_texts(input.row, column_);
      if (!of_row.ok()) return failed_judgement(of_row.error().to_string());
      texts = *std::move(of_row);
    }
    const std::string answer = compared_text(input.completion, comparison_);
    size_t met = 0;
    for (const std::string& text : texts)
      met += (answer.find(compared_text(text, comparison_)) != std::string::npos) == wanted_;
    const double share = static_cast<double>(met) / static_cast<double>(texts.size());
    return Judgement{.reward = share_ ? share : met == texts.size() ? 1.0 : 0.0};
  }

 private:
  std::vector<std::string> texts_;
  std::string column_;
  bool wanted_, share_;
  Comparison comparison_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "contains",
    .summary = "1 where all of some texts stand in the answer, or none of them",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<Contains>(reader); }};

}  // namespace malmoi::reward::contains
