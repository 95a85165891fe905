#include "tokenizer/pattern/digit_groups.h"

#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class DigitGroups final : public Pattern {
 public:
  explicit DigitGroups(std::string_view source) { source_ = source; }
  void find_all(std::string_view text, std::vector<Span>& matches) const override {
    uint32_t begin = 0;          // of the next match
    std::vector<uint32_t> ends;  // of the digits of the number at hand
    for (const CodePoint c : CodePoints(text)) {
      if (classes_of(c.value) & kNumber) ends.push_back(static_cast<uint32_t>(c.end));
      else cut(ends, begin, matches);
    }
    cut(ends, begin, matches);
  }

 private:
  static void cut(std::vector<uint32_t>& ends, uint32_t& begin, std::vector<Span>& matches) {
    constexpr size_t kGroup = 3;
    if (ends.empty()) return;
    for (size_t last = (ends.size() - 1) % kGroup; last < ends.size(); last += kGroup) {
      matches.push_back({begin, ends[last]});
      begin = ends[last];
    }
    ends.clear();
  }
};

}  // namespace

std::shared_ptr<const Pattern> digit_groups(std::string_view source) { return std::make_shared<DigitGroups>(source); }

}  // namespace malmoi::tokenizer
