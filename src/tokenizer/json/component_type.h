// A line of the tables of components: the "type" of tokenizer.json, and what reads one of it.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"

namespace malmoi::tokenizer {

struct JsonNode;

/// `Base` (Normalizer, PreTokenizer, Model, PostProcessor, Decoder) says `kKind`, its name in errors, and `types()`, its table;
/// where it has sequences, `kSteps` is the key of their steps.
template <typename Base>
struct ComponentType {
  std::string_view type;
  /// `depth`: how deep in sequences the component stands.
  Result<std::unique_ptr<Base>> (*read)(const JsonNode& node, int depth);
};

}  // namespace malmoi::tokenizer
