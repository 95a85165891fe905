// Patterns in tokenizer.json ({"String": ...} or {"Regex": ...}), and replacing what they match.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/json/json_read.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

/// The member "pattern" of a component.
Result<std::shared_ptr<const Pattern>> pattern_from_json(const JsonNode& component);
/// `,"pattern":{...}`
void append_pattern_json(std::string& out, const Pattern& pattern);

/// Replaces every match by `content`, whose characters share the source of the last character matched.
void replace_all(NormalizedText& text, const Pattern& pattern, std::string_view content);

}  // namespace malmoi::tokenizer
