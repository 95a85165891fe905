#include "data/tokenize.h"

#include <algorithm>

#include "base/parallel.h"

namespace malmoi::data {
namespace {

// Enough texts to share among the threads, little beside the memory of anything else.
constexpr size_t kBlockBytes = size_t{8} << 20;

}  // namespace

DocumentMarks document_marks(const tokenizer::Tokenizer& tokenizer) {
  DocumentMarks marks;
  // Any text will do: what stands before its own first token is put before every text.
  tokenizer::Encoding sample = tokenizer.encode_full("a", {.add_special = true, .parse_special = false});
  const std::vector<int32_t>& special = sample.special_tokens_mask;
  const bool has_text = std::find(special.begin(), special.end(), 0) != special.end();
  for (size_t i = 0; i < sample.ids.size() && special[i]; ++i) {
    // A vocabulary that cannot spell `a` leaves nothing between before and after: the end of text tells them apart.
    if (!has_text && sample.ids[i] == tokenizer.eos_id() && sample.ids[i] != tokenizer.bos_id()) break;
    bool padding = sample.attention_mask[i] == 0;
    if (!padding) marks.before.push_back(sample.ids[i]);
  }
  marks.after = tokenizer.eos_id();
  if (!marks.after) marks.after = tokenizer.id_of("<|endoftext|>");
  return marks;
}

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
