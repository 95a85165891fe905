// contains: texts that an answer shall have in it, or shall not.
#include <algorithm>

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
    if (texts_.empty() && column_.empty()) reader.fail("texts", "no text is named", "write texts: [because]");
    texts_ = compared(std::move(texts_));
  }

  Status check_row(const Json& row) const override {
    if (!column_.empty()) MALMOI_TRY(column_texts(row, column_));
    return {};
  }

 protected:
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    if (column_.empty()) return judged(input.completion, texts_);
    auto texts = column_texts(input.row, column_);
    if (!texts.ok()) return failed_judgement(texts.error().to_string());
    return judged(input.completion, compared(*std::move(texts)));
  }

 private:
  std::vector<std::string> compared(std::vector<std::string> texts) const {
    for (std::string& text : texts) text = compared_text(text, comparison_);
    return texts;
  }

  Judgement judged(std::string_view completion, const std::vector<std::string>& texts) const {
    const std::string answer = compared_text(completion, comparison_);
    const auto met = std::ranges::count_if(
        texts, [&](const std::string& text) { return (answer.find(text) != std::string::npos) == wanted_; });
    const double share = static_cast<double>(met) / static_cast<double>(texts.size());
    return {.reward = share_ || share == 1 ? share : 0};
  }

  std::vector<std::string> texts_;  // as they are compared
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
