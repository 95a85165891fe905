#include "tokenizer/pipeline/post_processor.h"

namespace malmoi::tokenizer {

void Sequence::push(int32_t id, std::pair<uint32_t, uint32_t> where, int32_t type, bool special) {
  ids.push_back(id);
  offsets.push_back(where);
  type_ids.push_back(type);
  attention_mask.push_back(1);
  special_tokens_mask.push_back(special);
  sequence_ids.push_back(-1);
  if (!margins.empty()) margins.emplace_back();
}

void Sequence::append(const Sequence& other) {
  auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  join(ids, other.ids);
  join(offsets, other.offsets);
  join(type_ids, other.type_ids);
  join(attention_mask, other.attention_mask);
  join(special_tokens_mask, other.special_tokens_mask);
  join(sequence_ids, other.sequence_ids);
}

Status check_volume(const PostProcessor& processor, std::string_view where) {
  constexpr size_t kMostAdded = size_t{1} << 16, kMostCopies = 16, kText = size_t{1} << 20;
  const Volume added = processor.volume_after({.sequences = 2, .tokens = 0});
  const Volume copied = processor.volume_after({.sequences = 2, .tokens = kText});
  if (added.sequences > kMostAdded || added.tokens > kMostAdded)
    return invalid_data("more than " + std::to_string(kMostAdded) + " tokens are put around a text", std::string(where),
                        "check the templates of the file");
  if (copied.tokens > kMostCopies * kText + kMostAdded)
    return invalid_data("a text is repeated more than " + std::to_string(kMostCopies) + " times", std::string(where),
                        "check the templates of the file");
  return {};
}

}  // namespace malmoi::tokenizer
