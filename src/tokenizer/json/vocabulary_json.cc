#include "tokenizer/json/vocabulary_json.h"

namespace malmoi::tokenizer {

Status JsonValue<Vocabulary>::read(const JsonNode& node, Vocabulary& vocabulary) {
  MALMOI_ASSIGN(auto object, node.object());
  size_t bytes = 0;
  for (auto [piece, value] : object) bytes += piece.size();
  vocabulary.reserve(object.size(), bytes);
  for (auto [piece, value] : object) {
    int64_t id;
    if (value.get(id) || id < 0 || id > Vocabulary::kMaxId)
      return node.error("the id of " + std::string(piece) + " is not a number from 0 to " +
                        std::to_string(Vocabulary::kMaxId));
    // Room for ids is made up to the largest; a hostile file must not make that more than it is worth.
    if (static_cast<size_t>(id) > object.size() * 16 + (1u << 20))
      return node.error("the id " + std::to_string(id) + " is far beyond the " + std::to_string(object.size()) +
                        " pieces");
    vocabulary.add(piece, static_cast<int32_t>(id));
  }
  return {};
}

void JsonValue<Vocabulary>::write(std::string& out, const Vocabulary& vocabulary) {
  out += '{';
  bool first = true;
  for (int32_t id = 0; id < vocabulary.id_limit(); ++id) {
    if (!vocabulary.has(id)) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, vocabulary.spelling(id));
    out += ':';
    out += std::to_string(id);
  }
  out += '}';
}

namespace {

// "a b" or ["a", "b"].
Result<std::pair<std::string_view, std::string_view>> merge_of(const JsonNode& node) {
  if (node.is_array()) {
    MALMOI_ASSIGN(auto pair, node.array());
    if (pair.size() != 2) return node.error("should be a pair");
    MALMOI_ASSIGN(std::string_view left, node.item(pair.at(0).value_unsafe(), 0).string());
    MALMOI_ASSIGN(std::string_view right, node.item(pair.at(1).value_unsafe(), 1).string());
    return std::pair{left, right};
  }
  MALMOI_ASSIGN(std::string_view text, node.string());
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
    return node.error("a merge should be two pieces with one space between");
  return std::pair{text.substr(0, space), text.substr(space + 1)};
}

}  // namespace

Status read_merges(const JsonNode& list, const Vocabulary& vocabulary, IdPairs& merges) {
  MALMOI_ASSIGN(auto items, list.array());
  merges.reserve(items.size());
  size_t index = 0;
  for (auto item : items) {
    if (item.is_string() && item.get_string().value_unsafe().starts_with("#version")) continue;
    // Names of places are made only for errors: there may be hundreds of thousands.
    Result<std::pair<std::string_view, std::string_view>> merge = merge_of({item, {}});
    if (!merge.ok()) return list.item(item, index).error(merge.error().what);
    const int32_t left = vocabulary.find_id(merge->first), right = vocabulary.find_id(merge->second);
    if (left < 0 || right < 0)
      return list.item(item, index)
          .error("\"" + std::string(left < 0 ? merge->first : merge->second) + "\" is not in the vocabulary");
    merges.emplace_back(left, right);
    ++index;
  }
  return {};
}

void write_merges(std::string& out, const Vocabulary& vocabulary, const IdPairs& merges) {
  out += '[';
  bool first = true;
  for (auto [left, right] : merges) {
    out += first ? "[" : ",[";
    first = false;
    append_json_string(out, vocabulary.spelling(left));
    out += ',';
    append_json_string(out, vocabulary.spelling(right));
    out += ']';
  }
  out += ']';
}

}  // namespace malmoi::tokenizer
