// Drafts from the text itself.
#include <algorithm>

#include "infer/drafter.h"

namespace malmoi::infer {
namespace {

// Fewer tokens that are the same say too little of what follows; of more than the most, nothing is learned.
constexpr size_t kLeastMatch = 2, kMostMatch = 16;

size_t match_before(std::span<const int32_t> ids, size_t end) {
  size_t n = 0;
  while (n < kMostMatch && n < end && ids[end - 1 - n] == ids[ids.size() - 1 - n]) ++n;
  return n;
}

class PromptLookup : public Drafter {
 public:
  void draft(std::span<Text> texts) override {
    for (Text& text : texts) draft_one(text);
  }

 private:
  static void draft_one(Text& text) {
    size_t best = kLeastMatch - 1, place = 0;
    for (size_t end = text.ids.size() - 1; end > 0 && best < kMostMatch; --end) {
      const size_t same = match_before(text.ids, end);
      if (same <= best) continue;
      best = same;
      place = end;
    }
    if (place == 0) return;
    const auto follow = text.ids.subspan(place);
    const auto count = std::min(follow.size(), static_cast<size_t>(text.most));
    text.draft.assign(follow.begin(), follow.begin() + static_cast<std::ptrdiff_t>(count));
  }
};

}  // namespace

std::unique_ptr<Drafter> make_prompt_lookup() { return std::make_unique<PromptLookup>(); }

}  // namespace malmoi::infer
