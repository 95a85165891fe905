// What the tokens of a vocabulary are to objectives that change texts: which may be masked, and where words begin.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace malmoi::train {

struct TokenRules {
  int32_t vocab_size = 0;
  std::optional<int32_t> mask_id;       // [MASK], <mask>
  std::vector<int32_t> sentinels;       // <extra_id_0>, <extra_id_1> ...: what stands for a span that was cut out
  std::optional<int32_t> end_id;        // of a text
  int32_t decoder_start_token_id = -1;  // of an encoder-decoder
  std::vector<int32_t> before, behind;  // what the tokenizer puts around a text
  std::vector<bool> is_special;         // by id: no text
  std::vector<bool> begins_word;        // by id
};

/// `tokenizer` may be null (flat ids alone): then nothing is special, and there is no mask.
TokenRules token_rules(const tokenizer::Tokenizer* tokenizer, int64_t vocab_size);

}  // namespace malmoi::train
