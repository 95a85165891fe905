// The output projection of a language model: the table of words again, or a matrix of its own.
#pragma once

#include <memory>

#include "model/family.h"

namespace malmoi::model {

/// Adds the head to parts whose backbone is declared. `words`: the table; `name`: of the matrix where it is not tied; `width`:
/// of the hidden states where that is not the table's.
void add_lm_head(Parts& parts, nn::WeightSlot* words, bool tied, const char* name, double std, int64_t width = 0);
/// Its bias, which a tied head has, too.
void add_lm_head_bias(Parts& parts, const char* name);

}  // namespace malmoi::model
