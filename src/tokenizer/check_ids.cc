#include "tokenizer/check_ids.h"

#include <fmt/format.h>

namespace malmoi::tokenizer {

Status check_ids(const Tokenizer& tokenizer, std::span<const int32_t> ids, std::string_view where) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (has_id(tokenizer.parts(), ids[i])) continue;
    return invalid_data(fmt::format("the id {} (number {}) is of no token", ids[i], i + 1), std::string(where),
                        fmt::format("the ids of this vocabulary are from 0 to {}: give the tokenizer that made these",
                                    tokenizer.vocab_size() - 1));
  }
  return {};
}

}  // namespace malmoi::tokenizer
