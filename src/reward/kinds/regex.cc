// regex: a regular expression that is found in the answer, or fits it whole.
#include <optional>

#include "base/parallel.h"
#include "reward/pattern.h"
#include "reward/row_reward.h"

namespace malmoi::reward::regex {
namespace {

class Regex final : public RowReward {
 public:
  explicit Regex(ConfigReader& reader) : column_(reader.text("column", "")), wanted_(reader.boolean("wanted", true)) {
    options_.ignore_case = reader.boolean("ignore_case", false);
    options_.whole = reader.boolean("whole", false);
    const std::string expression = reader.text("pattern", "");
    if (expression.empty() == column_.empty()) {
      reader.fail("pattern", "either a pattern or a column of patterns is needed", "write pattern: '^[0-9]+$'");
      return;
    }
    if (expression.empty()) return;
    if (auto compiled = Pattern::compile(expression, options_); compiled.ok()) pattern_ = *std::move(compiled);
    else reader.fail("pattern", compiled.error().what, compiled.error().remedy);
  }

  Status check_row(const Json& row) const override {
    MALMOI_TRY(pattern_of(row));
    return {};
  }

 protected:
  int workers() const override { return num_threads(); }
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    const auto pattern = pattern_of(input.row);
    if (!pattern.ok()) return failed_judgement(pattern.error().to_string());
    switch (pattern->find(input.completion)) {
      case Pattern::Found::kYes: return Judgement{.reward = wanted_ ? 1.0 : 0.0};
      case Pattern::Found::kNo: return Judgement{.reward = wanted_ ? 0.0 : 1.0};
      case Pattern::Found::kTooCostly: break;
    }
    return failed_judgement("the search for the expression took too long; write one with less to go back on");
  }

 private:
  Result<Pattern> pattern_of(const Json& row) const {
    if (pattern_) return *pattern_;
    MALMOI_ASSIGN(std::string expression, column_text(row, column_));
    return Pattern::compile(expression, options_);
  }

  std::string column_;
  bool wanted_;
  PatternOptions options_;
  std::optional<Pattern> pattern_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "regex",
    .summary = "1 where a regular expression is found in the answer",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<Regex>(reader); }};

}  // namespace malmoi::reward::regex
