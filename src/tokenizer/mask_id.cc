#include "tokenizer/mask_id.h"

#include <string_view>

namespace malmoi::tokenizer {

std::optional<int32_t> mask_id(const Tokenizer& tokenizer) {
  constexpr std::string_view kNames[] = {"[MASK]", "<mask>", "<MASK>", "<|mask|>"};
  for (std::string_view name : kNames) {
    if (const auto id = tokenizer.id_of(name)) return id;
  }
  return {};
}

}  // namespace malmoi::tokenizer
