#include "data/tokenize.h"

#include "base/parallel.h"

namespace malmoi::data {
namespace {

// Enough texts to share among the threads, little beside the memory of anything else.
constexpr size_t kBlockBytes = size_t{8} << 20;

}  // namespace

Status DocumentEncoder::add(std::string text) {
  bytes_ += text.size();
  ++documents_;
  waiting_bytes_ += text.size();
  waiting_.push_back(std::move(text));
  return waiting_bytes_ > kBlockBytes ? flush() : Status();
}

Status DocumentEncoder::flush() {
  std::vector<std::vector<int32_t>> encoded(waiting_.size());
  parallel_for(static_cast<int64_t>(waiting_.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      std::vector<int32_t>& ids = encoded[i];
      ids = tokenizer_.encode(waiting_[i], {.add_special = false, .parse_special = false});
      ids.insert(ids.begin(), marks_.before.begin(), marks_.before.end());
      if (marks_.after) ids.push_back(*marks_.after);
    }
  });
  for (const std::vector<int32_t>& ids : encoded) MALMOI_TRY(writer_.add(ids));
  waiting_.clear();
  waiting_bytes_ = 0;
  return {};
}

}  // namespace malmoi::data
