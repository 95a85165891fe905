// The vocabulary and the merges of a model in tokenizer.json.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tokenizer/json/fields.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {

/// {"piece": id, ...} in the order of the ids.
template <>
struct JsonValue<Vocabulary> {
  static Status read(const JsonNode& node, Vocabulary& vocabulary);
  static void write(std::string& out, const Vocabulary& vocabulary);
};

using IdPairs = std::vector<std::pair<int32_t, int32_t>>;
/// Pairs of pieces of `vocabulary`: [["a", "b"], ...], in older files "a b".
Status read_merges(const JsonNode& list, const Vocabulary& vocabulary, IdPairs& merges);
void write_merges(std::string& out, const Vocabulary& vocabulary, const IdPairs& merges);

}  // namespace malmoi::tokenizer
