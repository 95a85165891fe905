#include "tokenizer/pipeline/truncation.h"

#include <algorithm>

namespace malmoi::tokenizer {
namespace {

void cut(Sequence& sequence, size_t length, Side side) {
  auto keep = [&](auto& list) {
    if (list.size() <= length) return;
    if (side == Side::kRight) list.resize(length);
    else list.erase(list.begin(), list.end() - static_cast<ptrdiff_t>(length));
  };
  keep(sequence.ids);
  keep(sequence.offsets);
  keep(sequence.type_ids);
  keep(sequence.attention_mask);
  keep(sequence.special_tokens_mask);
  keep(sequence.sequence_ids);
  keep(sequence.margins);
}

// The lengths that two texts are cut to so that their sum is `most`: only the longer one, unless both are too long.
std::pair<size_t, size_t> longest_first(size_t first, size_t second, size_t most) {
  size_t shorter = std::min(first, second);
  size_t longer = shorter > most ? shorter : std::max(shorter, most - shorter);
  if (shorter + longer > most) {
    shorter = most / 2;
    longer = shorter + most % 2;
  }
  return first > second ? std::pair{longer, shorter} : std::pair{shorter, longer};
}

}  // namespace

void Truncation::apply(std::vector<Sequence>& sequences, size_t added) const {
  size_t most = max_length > added ? max_length - added : 0;
  size_t total = 0;
  for (const Sequence& sequence : sequences) total += sequence.ids.size();
  if (total <= most) return;
  if (most == 0) {
    for (Sequence& sequence : sequences) cut(sequence, 0, direction);
    return;
  }
  if (strategy == Strategy::kLongestFirst) {
    if (sequences.size() == 1) return cut(sequences[0], most, direction);
    auto [first, second] = longest_first(sequences[0].ids.size(), sequences[1].ids.size(), most);
    cut(sequences[0], first, direction);
    cut(sequences[1], second, direction);
    return;
  }
  // The one text alone gives way; where it cannot give enough, the reference fails and here it is left empty.
  size_t target = strategy == Strategy::kOnlyFirst ? 0 : 1;
  if (target >= sequences.size()) return;
  size_t length = sequences[target].ids.size(), excess = total - most;
  cut(sequences[target], length > excess ? length - excess : 0, direction);
}

void Padding::apply(Sequence& sequence) const {
  size_t target = length.fixed ? length.fixed : sequence.ids.size();
  const size_t multiple = multiple_of.value_or(0);
  if (multiple > 0 && target % multiple > 0) target += multiple - target % multiple;
  if (sequence.ids.size() >= target) return;
  const size_t n = target - sequence.ids.size();
  auto pad = [&](auto& list, auto value) {
    list.insert(direction == Side::kLeft ? list.begin() : list.end(), n, value);
  };
  pad(sequence.ids, id);
  pad(sequence.offsets, std::pair<uint32_t, uint32_t>{0, 0});
  pad(sequence.type_ids, type_id);
  pad(sequence.attention_mask, 0);
  pad(sequence.special_tokens_mask, 1);
  pad(sequence.sequence_ids, -1);
}

}  // namespace malmoi::tokenizer
