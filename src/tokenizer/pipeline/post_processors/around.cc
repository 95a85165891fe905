#include "tokenizer/pipeline/post_processors/around.h"

#include <algorithm>

namespace malmoi::tokenizer {

Status JsonValue<NamedId>::read(const JsonNode& node, NamedId& value) {
  MALMOI_ASSIGN(auto items, node.array());
  if (items.size() != 2) return node.error("should be [token, id]");
  MALMOI_TRY(JsonValue<std::string>::read(node.item(items.at(0).value_unsafe(), 0), value.first));
  return JsonValue<int32_t>::read(node.item(items.at(1).value_unsafe(), 1), value.second);
}

void JsonValue<NamedId>::write(std::string& out, const NamedId& value) {
  out += '[';
  append_json_string(out, value.first);
  out += "," + std::to_string(value.second) + "]";
}

void trim_offsets(Sequence& sequence, bool add_prefix_space) {
  for (size_t i = 0; i < sequence.ids.size() && i < sequence.margins.size(); ++i) {
    auto [leading, trailing] = sequence.margins[i];
    auto& [begin, end] = sequence.offsets[i];
    if (leading > 0) {
      const bool first = i == 0 || begin == 0;
      if (first && add_prefix_space && leading == 1) leading = 0;
      begin = std::min(begin + leading, end);
    }
    if (trailing > 0 && end >= trailing) end = std::max(end - trailing, begin);
  }
}

Sequence wrapped(const Sequence& sequence, const NamedId* before, const NamedId& after, int32_t type) {
  Sequence out;
  if (before) out.push(before->second, {0, 0}, type, true);
  out.append(sequence);
  out.push(after.second, {0, 0}, type, true);
  std::fill(out.type_ids.begin(), out.type_ids.end(), type);
  std::fill(out.attention_mask.begin(), out.attention_mask.end(), 1);
  return out;
}

}  // namespace malmoi::tokenizer
