// Which token stands for a gap that a model is to fill.
#pragma once

#include <cstdint>
#include <optional>

#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// [MASK], <mask> and their kin; none: the vocabulary has no such token.
std::optional<int32_t> mask_id(const Tokenizer& tokenizer);

}  // namespace malmoi::tokenizer
