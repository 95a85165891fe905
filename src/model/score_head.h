// The head of decoders that read a text whole: a number for each label, of the text's last token.
#pragma once

#include "model/family.h"

namespace malmoi::model {

/// Adds `score`, a matrix without a bias over last hidden states, to parts whose backbone and sizes are declared. A text's token is,
/// as the reference has it, the last one that is not padding: that the mask counts, and whose id is not `pad_token_id` (-1: there
/// is none), even where it was meant; the first of a text of nothing else.
void add_score_head(Parts& parts, int64_t labels, int32_t pad_token_id, double std);

/// Beginnings of names of a decoder's heads, for its table entry.
inline constexpr std::string_view kDecoderHeads[] = {"lm_head.", "score."};

}  // namespace malmoi::model
