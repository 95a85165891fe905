// Ids that a vocabulary does not have: decoding leaves them out, since a model may have more of them than its tokenizer; where
// they are a mistake, as in ids that a user gives, they are an error.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tokenizer/parts.h"

namespace malmoi::tokenizer {

inline bool has_id(const Tokenizer::Parts& parts, int32_t id) {
  return parts.model->vocabulary().has(id) || parts.added.by_id(id) != nullptr;
}

/// An error that names the first id of no token, and its number among the ids, counted from 1.
Status check_ids(const Tokenizer& tokenizer, std::span<const int32_t> ids, std::string_view where);

}  // namespace malmoi::tokenizer
