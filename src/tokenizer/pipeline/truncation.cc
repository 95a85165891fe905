// Truncation and padding of encoded texts.
#include <algorithm>

#include "tokenizer/json/json_text.h"
#include "tokenizer/pipeline/post_processor.h"

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

constexpr std::string_view kStrategies[] = {"LongestFirst", "OnlyFirst", "OnlySecond"};

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

void Truncation::write_json(std::string& out) const {
  out += R"({"direction":)";
  out += direction == Side::kLeft ? R"("Left")" : R"("Right")";
  append_json_member(out, "max_length", static_cast<int64_t>(max_length));
  append_json_member(out, "strategy", kStrategies[static_cast<size_t>(strategy)]);
  append_json_member(out, "stride", static_cast<int64_t>(stride));
  out += '}';
}

void Padding::apply(Sequence& sequence) const {
  size_t length = fixed ? fixed : sequence.ids.size();
  if (multiple_of > 0 && length % multiple_of > 0) length += multiple_of - length % multiple_of;
  if (sequence.ids.size() >= length) return;
  size_t n = length - sequence.ids.size();
  auto pad = [&](auto& list, auto value) {
    list.insert(direction == Side::kLeft ? list.begin() : list.end(), n, value);
  };
  pad(sequence.ids, id);
  pad(sequence.offsets, std::pair<uint32_t, uint32_t>{0, 0});
  pad(sequence.type_ids, type_id);
  pad(sequence.attention_mask, 0);
  pad(sequence.special_tokens_mask, 1);
}

void Padding::write_json(std::string& out) const {
  out += R"({"strategy":)";
  out += fixed ? R"({"Fixed":)" + std::to_string(fixed) + "}" : R"("BatchLongest")";
  append_json_member(out, "direction", direction == Side::kLeft ? "Left" : "Right");
  out += R"(,"pad_to_multiple_of":)" + (multiple_of ? std::to_string(multiple_of) : "null");
  append_json_member(out, "pad_id", static_cast<int64_t>(id));
  append_json_member(out, "pad_type_id", static_cast<int64_t>(type_id));
  append_json_member(out, "pad_token", std::string_view(token));
  out += '}';
}

}  // namespace malmoi::tokenizer
