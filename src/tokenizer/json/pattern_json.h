// Patterns in tokenizer.json ({"String": ...} or {"Regex": ...}), and replacing what they match.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizer/json/fields.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

template <>
struct JsonValue<std::shared_ptr<const Pattern>> {
  static Status read(const JsonNode& node, std::shared_ptr<const Pattern>& pattern);
  static void write(std::string& out, const std::shared_ptr<const Pattern>& pattern);
};

/// Replaces every match by `content`, whose characters share the source of the last character matched.
void replace_all(NormalizedText& text, const Pattern& pattern, std::string_view content);

}  // namespace malmoi::tokenizer
