// The family of GPT split patterns as one hand-made matcher: linear, without a regular expression engine.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizer/pattern/pattern.h"

namespace malmoi::tokenizer {

/// The matcher of a well-known pattern, found by its exact text; null where the table has none. `dialect` matters for
/// possessive counts, which only Rust has.
std::shared_ptr<const Pattern> well_known_pattern(std::string_view regex, Dialect dialect);
/// The texts of the table.
std::vector<std::string_view> well_known_regexes();

}  // namespace malmoi::tokenizer
