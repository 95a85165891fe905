// length: an answer of a length, or within limits, loses nothing; beyond them it loses by a slope.
//
//   reward = max(lowest, best - slope * (characters, words or lines outside of least .. most))
#include <algorithm>

#include "base/utf8.h"
#include "reward/row_reward.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::reward::length {
namespace {

int64_t count_words(std::string_view text) {
  int64_t words = 0;
  bool inside = false;
  for (const tokenizer::CodePoint c : tokenizer::CodePoints(text)) {
    const bool space = tokenizer::is_space(c.value);
    words += !space && !inside;
    inside = !space;
  }
  return words;
}

int64_t count_lines(std::string_view text) {
  if (text.empty()) return 0;
  return std::count(text.begin(), text.end(), '\n') + (text.back() != '\n');
}

class Length final : public RowReward {
 public:
  explicit Length(ConfigReader& reader)
      : unit_(reader.choice("unit", {"characters", "words", "lines"}, 0)),
        least_(reader.integer("least", 0, 0)),
        most_(reader.integer("most", INT64_MAX, 0)),
        best_(reader.number("best", 1)),
        lowest_(reader.number("lowest", 0)),
        slope_(reader.number("slope", 0.01, 0)) {
    const bool limited = reader.has("least") || reader.has("most");
    if (reader.has("target")) {
      if (limited) reader.fail("target", "stands beside least or most", "keep one of them");
      least_ = most_ = reader.integer("target", 0, 0);
    } else if (!limited) {
      reader.fail("most", "no length is named", "write target, least or most");
    }
    if (least_ > most_) reader.fail("least", "is more than most", "swap them");
    if (lowest_ > best_) reader.fail("lowest", "is more than best", "swap them");
  }

 protected:
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    const int64_t length = length_of(input.completion);
    const int64_t outside = std::max({int64_t{0}, least_ - length, length - most_});
    return Judgement{.reward = std::max(lowest_, best_ - slope_ * static_cast<double>(outside))};
  }

 private:
  int64_t length_of(std::string_view text) const {
    if (unit_ == 0) return static_cast<int64_t>(count_code_points(text));
    return unit_ == 1 ? count_words(text) : count_lines(text);
  }

  size_t unit_;
  int64_t least_, most_;
  double best_, lowest_, slope_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "length",
    .summary = "less the farther the answer's length is from what is wanted",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<Length>(reader); }};

}  // namespace malmoi::reward::length
