// What every imported tokenizer goes through.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/import/importers.h"

/// What opened must run: encode, decode, and be written as tokenizer.json or refused with a reason.
inline void use(const malmoi::tokenizer::Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = true});
  (void)tokenizer.decode(ids, true);
  (void)tokenizer.encode_full(text, {.parse_special = false});
  for (int32_t id : ids) (void)tokenizer.token_bytes(id);
  (void)malmoi::tokenizer::to_tokenizer_json(tokenizer.parts());
}
